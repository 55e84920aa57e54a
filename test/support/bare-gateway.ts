// The data plane alone on a real socket, for states that a whole Headgate passes through too quickly to be caught in.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/core/clock.ts";
import { noStanding } from "../../src/domain/allowance.ts";
import { digestApiKey } from "../../src/domain/api-key.ts";
import { contentOf, endpointOf, keyOf } from "../../src/domain/fixtures/views.ts";
import { noLimits } from "../../src/domain/limits.ts";
import type { EndpointView, SnapshotContent } from "../../src/domain/snapshot.ts";
import { Gateway, type GatewayOptions, type IdentityOptions } from "../../src/gateway/gateway.ts";
import { Listener } from "../../src/gateway/listener.ts";
import type { LoadGate } from "../../src/gateway/load/load-gate.ts";
import type { IdentitySource, ResponseSource, SnapshotSource, UsageSource } from "../../src/gateway/ports.ts";
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
  /** Default: it can't be told. */
  usage?: UsageSource;
  /** Default: no token is known. */
  identity?: IdentityOptions;
  /** Default: there is always room. */
  load?: LoadGate;
}

const noResponses: ResponseSource = { find: async () => null, forget: async () => {} };

export async function startBareGateway(options: BareGatewayOptions): Promise<BareGateway> {
  const { snapshots, requestTimeoutMs = 60_000, responses = noResponses, identity = noIdentity } = options;
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
    identity,
    ...(options.usage !== undefined && { usage: options.usage }),
    ...(options.load !== undefined && { load: options.load }),
    allowances: { reserve: () => ({ kind: "reserved", standing: noStanding, settle() {} }) },
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

/** No identity provider: tokens are unknown. */
const nobody: IdentitySource = {
  mayKnow: () => false,
  verify: async () => ({ kind: "unknown" }),
  seen() {},
};
const noIdentity: IdentityOptions = { source: nobody, trustedProxies: [], proxyHeader: null, defaultLimits: noLimits };

/** An endpoint named `prod` as a snapshot has it. */
export function endpointAt(baseUrl: string): EndpointView {
  return endpointOf({ name: "prod", baseUrl });
}

/** A configuration without models, in which `key` may call everything. */
export function snapshotWithKey(key: string, endpoints: readonly EndpointView[] = []): SnapshotContent {
  return contentOf({ keys: [keyOf({ digest: digestApiKey(key), scopes: ["inference", "passthrough"] })], endpoints });
}
