// What every process that serves calls is made of: its snapshot, what it remembers of deployments, its spool, its gateway.
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import type { Clock } from "../core/clock.ts";
import type { RequestLogger } from "../core/logger.ts";
import type { SnapshotPatch } from "../domain/snapshot.ts";
import { Gateway } from "../gateway/gateway.ts";
import { LoadGate } from "../gateway/load/load-gate.ts";
import type { AllowanceSource, BodySink, IdentitySource, RequestEvent, ResponseSource, UsageSource } from "../gateway/ports.ts";
import { RoutingState } from "../gateway/routing/routing-state.ts";
import { namesOfDeployment } from "../gateway/routing/seen-deployments.ts";
import type { Snapshot } from "../gateway/snapshot.ts";
import { SnapshotHolder } from "../gateway/snapshot-holder.ts";
import { SpoolWriter } from "../spool/spool-writer.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { logRequest } from "../telemetry/request-line.ts";

export interface DataPlaneOptions {
  config: Config;
  dataDir: string;
  /** How many processes share what the configuration allows; default: this one has all of it. */
  sharers?: number;
  /** Names this process in the ledger. */
  processId: string;
  clock: Clock;
  log: RequestLogger;
  metrics: Pick<Metrics, "observe" | "deployments" | "shed">;
  responses: ResponseSource;
  usage: UsageSource;
  identity: IdentitySource;
  allowances: AllowanceSource;
  bodies: BodySink;
  /** After the data plane works from it. */
  onSnapshot: (snapshot: Snapshot, part: "all" | SnapshotPatch["part"]) => void;
  /** A deployment's health has changed. */
  onHealth: () => void;
}

export function spoolDirOf(dataDir: string): string {
  return join(dataDir, "spool");
}

export class DataPlane {
  readonly snapshots: SnapshotHolder;
  readonly routing: RoutingState;
  readonly gateway: Gateway;
  readonly spool: SpoolWriter;
  readonly #options: DataPlaneOptions;

  private constructor(options: DataPlaneOptions, spool: SpoolWriter) {
    this.#options = options;
    const { config, log, clock, metrics } = options;
    this.spool = spool;
    this.snapshots = new SnapshotHolder((snapshot, part) => {
      if (part === "all" || part === "routing") this.gateway.snapshotChanged(snapshot);
      options.onSnapshot(snapshot, part);
    });
    this.routing = new RoutingState({
      random: Math.random,
      onTransition: ({ deploymentId, from, to, cause, untilMs }) => {
        const names = namesOfDeployment(this.snapshots.current(), deploymentId);
        metrics.deployments.changed(names.endpoint ?? "", to);
        options.onHealth();
        const until = untilMs === null ? undefined : new Date(untilMs).toISOString();
        log[to === "benched" ? "warn" : "info"](
          { deployment_id: deploymentId, ...names, from, to, cause, until },
          "a deployment's health has changed",
        );
      },
    });
    this.gateway = new Gateway({
      snapshots: this.snapshots,
      sink: spool,
      events: { requestFinished: (event) => this.#requestFinished(event) },
      clock,
      limits: {
        bodyBytesMax: config.server.bodyLimitBytes,
        // A body that is allowed at all has to fit.
        bodiesInFlightBytesMax: Math.max(
          config.server.bodyLimitBytes,
          config.server.bodiesInFlightLimitBytes / (options.sharers ?? 1),
        ),
      },
      routing: this.routing,
      responses: options.responses,
      usage: options.usage,
      processId: options.processId,
      identity: {
        source: options.identity,
        trustedProxies: config.server.trustedProxies,
        proxyHeader: config.identity.proxyHeader,
        defaultLimits: config.userDefaultLimits,
      },
      allowances: options.allowances,
      bodies: options.bodies,
      load: new LoadGate({
        callsInFlightMax: config.server.callsInFlightLimit,
        turnMsMax: config.server.overloadLagMs,
        onShed: (reason) => metrics.shed.count(reason),
        log,
      }),
    });
  }

  /** Opens this process's spool. Rejects when the data directory can't be written. */
  static async open(options: DataPlaneOptions): Promise<DataPlane> {
    const { dataDir, processId, config, clock, log } = options;
    const { onFailure } = config.accounting;
    const spool = await SpoolWriter.open({ dir: spoolDirOf(dataDir), processId, onFailure, clock, log });
    return new DataPlane(options, spool);
  }

  /** Of probes, made here or elsewhere: [deployment, whether it answered, why not]. */
  probed(results: readonly (readonly [id: string, ok: boolean, cause: string])[]): void {
    const snapshot = this.snapshots.current();
    for (const [id, ok, cause] of results) {
      const isKnown = this.routing.health.find(id) !== null || namesOfDeployment(snapshot, id).endpoint !== undefined;
      if (isKnown) this.routing.health.of(id).probed(ok, cause, this.#options.clock.nowMs());
    }
  }

  /** Closes connections to endpoints, then the spool: what calls have used is in it by then. */
  async close(): Promise<void> {
    await this.gateway.close();
    await this.spool.close();
  }

  #requestFinished(event: RequestEvent): void {
    this.#options.metrics.observe(event);
    logRequest(this.#options.log, event);
  }
}
