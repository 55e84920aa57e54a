// The data plane alone on a real socket, for states that a whole Headgate passes through too quickly to be caught in.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/core/clock.ts";
import { digestApiKey } from "../../src/domain/api-key.ts";
import type { EndpointView, SnapshotContent } from "../../src/domain/snapshot.ts";
import { defaultTimeouts } from "../../src/domain/timeouts.ts";
import { Gateway, type GatewayOptions } from "../../src/gateway/gateway.ts";
import { Listener } from "../../src/gateway/listener.ts";
import type { ResponseSource, SnapshotSource } from "../../src/gateway/ports.ts";
import { RoutingState } from "../../src/gateway/routing/routing-state.ts";
import { SpoolWriter } from "../../src/spool/spool-writer.ts";

export interface BareGateway {
  url: string;
  stop(): Promise<void>;
}

export interface BareGatewayOptions {
  snapshots: SnapshotSource;
  requestTimeoutMs?: number;
  /** Default: nobody has made any response. */
  responses?: ResponseSource;
}

const noResponses: ResponseSource = { find: async () => null, forget: async () => {} };

export async function startBareGateway(options: BareGatewayOptions): Promise<BareGateway> {
  const { snapshots, requestTimeoutMs = 60_000, responses = noResponses } = options;
  const dir = await mkdtemp(join(tmpdir(), "headgate-gateway-"));
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const spool = await SpoolWriter.open({ dir, processId: "p_0", onFailure: "refuse", clock: systemClock, log });
  const gatewayOptions: GatewayOptions = {
    snapshots,
    responses,
    sink: spool,
    events: { requestFinished() {} },
    clock: systemClock,
    limits: { bodyBytesMax: 1024 * 1024, bodiesInFlightBytesMax: 1024 * 1024 },
    routing: new RoutingState({ random: Math.random, onTransition() {} }),
    processId: "p_0",
  };
  const gateway = new Gateway(gatewayOptions);
  const listener = new Listener({ host: "127.0.0.1", port: 0, gateway, sideHandlers: [], corsOrigins: [], requestTimeoutMs });
  const port = await listener.listen();
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      await listener.close(true);
      await gateway.close();
      await spool.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** An endpoint named `prod` as a snapshot has it. */
export function endpointAt(baseUrl: string): EndpointView {
  const auth = { credential: null, authHeaderName: "authorization", authHeaderPrefix: "Bearer " };
  const rest = { headers: {}, query: {}, timeouts: defaultTimeouts, weight: 1, probe: null, version: 1 };
  return { id: "ep_1", name: "prod", baseUrl, dialect: "openai", ...auth, ...rest };
}

/** A configuration without models, in which `key` may call everything. */
export function snapshotWithKey(key: string, endpoints: readonly EndpointView[] = []): SnapshotContent {
  const view = { id: "key_1", name: "test", digest: digestApiKey(key), previousDigest: null, previousExpiresAtMs: null };
  return {
    version: 1,
    builtAtMs: 0,
    keys: [{ ...view, userId: null, groupId: "everyone", models: null, scopes: ["inference", "passthrough"], expiresAtMs: null }],
    groups: [{ id: "everyone", name: "everyone", models: ["*"] }],
    endpoints,
    models: [],
  };
}
