// A gateway worker: the data plane and nothing else, in a process of its own; all that it knows it has from control.

import { DataPlane } from "../app/data-plane.ts";
import type { Config } from "../config/config.ts";
import type { LeaseAuthority } from "../control/allowances/leases/lease-authority.ts";
import { WorkerAllowances } from "../control/allowances/worker-allowances.ts";
import { IdentityProviders } from "../control/identity/identity-providers.ts";
import { systemClock, type Timer } from "../core/clock.ts";
import type { RequestLogger } from "../core/logger.ts";
import { digestApiKey } from "../domain/api-key.ts";
import type { SeenHealth } from "../domain/seen-health.ts";
import type { SnapshotContent, SnapshotPatch } from "../domain/snapshot.ts";
import { HttpClient } from "../egress/http-client.ts";
import { Listener } from "../gateway/listener.ts";
import { explain } from "../gateway/routing/explain.ts";
import { seenDeployments } from "../gateway/routing/seen-deployments.ts";
import { Metrics } from "../telemetry/metrics.ts";
import { ChannelClient } from "./channel/channel-client.ts";
import type { ChannelHandlers } from "./channel/channel-peer.ts";
import { ForwardToControl } from "./forward-to-control.ts";
import type { WorkerFunctions, WorkerStatus } from "./protocol.ts";
import { decodeContentInTurns, decodePatchInTurns } from "./snapshot-codec.ts";
import { ControlBodies, ControlIdentity, ControlLeases, ControlResponses, ControlSpend, ControlUsage } from "./worker-ports.ts";

export interface GatewayWorkerOptions {
  config: Config;
  dataDir: string;
  processId: string;
  /** For people: `worker-1`. */
  name: string;
  port: number;
  channelPath: string;
  httpPath: string;
  /** Gateway workers and control: the first guess of how many share limits. */
  processes: number;
  /** Others serve meanwhile: it takes no connection before it has a snapshot. */
  isReplacement: boolean;
  log: RequestLogger;
}

const clock = systemClock;
const statusEveryMs = 250;
/** Longer than a turn of the event loop may take that counts as none too long: an answer that lies in the socket has come. */
const leaseTimeoutMsMin = 250;
const leaseTimeoutMsMax = 5000;
const requestTimeoutMs = 300_000;
const snapshotWaitMs = 10_000;
/** A change does not wait longer for what the ledger says of budgets. */
const prepareMs = 1000;

export class GatewayWorker {
  readonly #options: GatewayWorkerOptions;
  readonly #control: ChannelClient;
  readonly #bodies: ControlBodies;
  readonly #metrics: Metrics;
  #data!: DataPlane;
  #allowances!: WorkerAllowances;
  #listener!: Listener;
  #forward!: ForwardToControl;
  readonly #client = new HttpClient({ allowPrivate: true });
  readonly #startedAtMs = clock.nowMs();
  #hasCaughtUp = false;
  /** All of its parts are there. */
  #hasBegun = false;
  #hasFirst = () => {};
  readonly #firstSnapshot = new Promise<void>((resolve) => {
    this.#hasFirst = resolve;
  });
  /** Changes happen one after the other, or an older one could overtake a newer. */
  #following: Promise<void> = Promise.resolve();
  #timer: Timer | null = null;
  #isStatusDue = false;
  /** What control was told last. */
  #told = new Map<string, SeenHealth>();
  #lastStatus = "";

  constructor(options: GatewayWorkerOptions) {
    this.#options = options;
    this.#control = new ChannelClient({
      path: options.channelPath,
      handlers: this.#handlers() as unknown as ChannelHandlers,
      clock,
      onOpen: () => this.#opened(),
      onClosed: () => options.log.warn({}, "control is away: calls go on from what is known here"),
      onProblem: (error) => options.log.error({ err: error }, "the channel to control has a problem"),
    });
    this.#bodies = new ControlBodies(this.#control);
    this.#metrics = this.#createMetrics();
  }

  /** Resolves when it listens and works from a snapshot. The first listen before that, and tell callers so. */
  async start(): Promise<void> {
    const { config, dataDir, processId, log, port, httpPath } = this.#options;
    const control = this.#control;
    this.#allowances = await this.#openAllowances();
    this.#data = await DataPlane.open({
      config,
      dataDir,
      sharers: this.#options.processes - 1,
      processId,
      clock,
      log,
      metrics: this.#metrics,
      responses: new ControlResponses(control),
      usage: new ControlUsage(control),
      identity: this.#createIdentity(),
      allowances: this.#allowances.authority,
      bodies: this.#bodies,
      onSnapshot: () => {},
      onHealth: () => this.#statusSoon(),
    });
    this.#forward = new ForwardToControl({ path: httpPath, hasSnapshot: () => this.#data.snapshots.current() !== null });
    this.#listener = new Listener({
      host: config.server.host,
      port,
      gateway: this.#data.gateway,
      sideHandlers: [this.#forward],
      corsOrigins: config.server.corsOrigins,
      requestTimeoutMs,
    });
    this.#hasBegun = true;
    const { isReplacement } = this.#options;
    if (!isReplacement) await this.#listener.listen();
    control.start();
    this.#tick();
    if (isReplacement) {
      // Should there be no other left, callers had better be told something before long.
      const late = new Promise<void>((resolve) => clock.after(snapshotWaitMs, resolve));
      await Promise.race([this.#firstSnapshot, late]);
      await this.#listener.listen();
    }
    await this.#firstSnapshot;
  }

  /**
   * Lets calls in flight end (up to `timeoutMs`). One that is replaced takes no new connections from now on; where all end, new calls
   * are told so, until `close`.
   */
  async drain(timeoutMs: number, isReplaced: boolean): Promise<void> {
    // Told to end before it has begun.
    if (!this.#hasBegun) return;
    this.#forward.endEventStreams();
    // Callers whose connections stay open are told with their next answer; only then is anybody refused.
    if (isReplaced) await this.#listener.retire();
    await Promise.all([this.#data.gateway.drain(timeoutMs), this.#forward.idle(timeoutMs)]);
  }

  /** Closes everything; calls in flight are cut. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    if (!this.#hasBegun) return;
    await this.#data.gateway.drain(0);
    await this.#listener.close(true);
    this.#forward.close();
    await this.#data.close();
    await this.#allowances.stop();
    this.#sendStatus();
    this.#control.tell("lastSeries", await this.#metrics.exportSeries());
    this.#control.stop();
    await this.#client.close();
  }

  #openAllowances(): Promise<WorkerAllowances> {
    const { config, processId, processes, log } = this.#options;
    const authority: LeaseAuthority = new ControlLeases(this.#control);
    return WorkerAllowances.open({
      redis: config.redis,
      authority,
      reader: new ControlSpend(this.#control),
      processId,
      processes,
      clock,
      log,
      timeoutMs: Math.min(leaseTimeoutMsMax, Math.max(leaseTimeoutMsMin, config.server.overloadLagMs)),
      hasCaughtUp: () => this.#hasCaughtUp,
    });
  }

  #createIdentity(): ControlIdentity {
    const { config, log } = this.#options;
    // Only asked who could have issued a token: they ask nobody themselves.
    const providers = new IdentityProviders({ config: config.identity, client: this.#client, clock, log });
    const adminDigest = config.adminToken === null ? null : digestApiKey(config.adminToken.expose());
    return new ControlIdentity(this.#control, (token) => providers.mayKnow(token) && digestApiKey(token) !== adminDigest);
  }

  #handlers(): { [Name in keyof WorkerFunctions]: (argument: Parameters<WorkerFunctions[Name]>[0]) => unknown } {
    return {
      replace: ({ content: encoded, isStored }) =>
        this.#follow(
          () => decodeContentInTurns(encoded),
          (content) => {
            const own = this.#data.snapshots.current()?.version ?? -1;
            if (!isStored || own < content.version) this.#data.snapshots.replace(content);
          },
        ),
      apply: ({ patch, nowMs }) =>
        this.#follow(
          () => decodePatchInTurns(patch),
          (decoded) => this.#data.snapshots.apply(decoded, nowMs),
        ),
      series: () => this.#metrics.exportSeries(),
      knownResponse: (id) => this.#data.gateway.responses.known(id),
      responseForgotten: (id) => this.#data.gateway.responses.forgotten(id),
      explain: ({ question, nowMs }) => {
        const snapshot = this.#data.snapshots.current();
        if (snapshot === null) return null;
        return explain(snapshot, this.#data.routing, question, nowMs, this.#options.config.userDefaultLimits);
      },
      probed: (results) => this.#data.probed(results),
      caughtUp: (hasCaughtUp) => {
        this.#hasCaughtUp = hasCaughtUp;
      },
    };
  }

  #opened(): void {
    const { processId, name } = this.#options;
    const hello = { processId, name, pid: process.pid, startedAtMs: this.#startedAtMs };
    this.#told = new Map();
    this.#lastStatus = "";
    this.#control
      .call("hello", hello, { timeoutMs: 5000 })
      .then(() => {
        this.#sendStatus();
        return this.#allowances.meet();
      })
      .catch((error: unknown) => this.#options.log.error({ err: error }, "control did not answer a hello"));
  }

  /** One after the other, each when the accounts of its budgets are known here. */
  #follow<Part extends SnapshotContent | SnapshotPatch>(decode: () => Promise<Part>, apply: (part: Part) => void): Promise<void> {
    const next = this.#following.then(async () => {
      const part = await decode();
      // Without control's word the budget is spent from this process's share.
      const waited = new Promise<void>((resolve) => clock.after(prepareMs, resolve));
      await Promise.race([this.#allowances.prepare(part).catch(() => undefined), waited]);
      apply(part);
      this.#hasFirst();
    });
    this.#following = next.catch(() => undefined);
    return next;
  }

  #tick(): void {
    this.#timer = clock.after(statusEveryMs, () => {
      this.#tick();
      this.#sendStatus();
    });
  }

  #statusSoon(): void {
    if (this.#isStatusDue) return;
    this.#isStatusDue = true;
    setImmediate(() => {
      this.#isStatusDue = false;
      this.#sendStatus();
    });
  }

  #sendStatus(): void {
    if (!this.#control.isOpen) return;
    const nowMs = clock.nowMs();
    const health: [string, SeenHealth][] = [];
    const isAllHealth = this.#told.size === 0;
    const known = new Set<string>();
    for (const state of this.#data.routing.health.all()) {
      const seen = state.view(nowMs);
      known.add(state.deploymentId);
      const before = this.#told.get(state.deploymentId);
      if (before !== undefined && !isNews(before, seen)) continue;
      this.#told.set(state.deploymentId, seen);
      health.push([state.deploymentId, seen]);
    }
    const forgotten = [...this.#told.keys()].filter((id) => !known.has(id));
    for (const id of forgotten) this.#told.delete(id);
    const { accepting, failure, unrecorded } = this.#data.spool;
    const status: WorkerStatus = {
      spool: { accepting, failure: failure?.message ?? null, unrecorded },
      health,
      isAllHealth,
      forgotten,
      callsInFlight: this.#data.gateway.inFlight,
      snapshotVersion: this.#data.snapshots.current()?.version ?? 0,
    };
    const text = JSON.stringify(status);
    if (text === this.#lastStatus) return;
    this.#lastStatus = text;
    if (this.#control.tell("status", status)) return;
    // There was no room for it: all of it is said again.
    this.#told.clear();
    this.#lastStatus = "";
  }

  #createMetrics(): Metrics {
    return new Metrics({
      inFlight: () => this.#data.gateway.inFlight,
      heldBodyBytes: () => this.#data.gateway.heldBodyBytes,
      spoolBacklogBytes: () => 0,
      unrecorded: () => this.#data.spool.unrecorded,
      bodies: () => this.#bodies,
      snapshotVersion: () => this.#data.snapshots.current()?.version ?? 0,
      snapshotAgeSeconds: () => 0,
      databaseUp: () => true,
      manifests: () => [],
      deployments: () => seenDeployments(this.#data.snapshots.current(), this.#data.routing, clock.nowMs()),
    });
  }
}

/** What people see has changed; figures that move all the time count when they have moved by much. */
function isNews(before: SeenHealth, now: SeenHealth): boolean {
  return (
    before.status !== now.status ||
    before.cause !== now.cause ||
    before.untilMs !== now.untilMs ||
    before.inFlight !== now.inFlight ||
    before.failureRatio !== now.failureRatio ||
    (before.latencyMs === null) !== (now.latencyMs === null) ||
    Math.abs((before.latencyMs ?? 0) - (now.latencyMs ?? 0)) > 0.1 * (now.latencyMs ?? 0)
  );
}
