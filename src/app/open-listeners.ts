// The sockets of a process that has an admin API: calls, or what workers forward; metrics on a port of their own.
import type { Config } from "../config/config.ts";
import { authorizeMetrics } from "../control/admin/authorize/authorize-metrics.ts";
import { ControlListener } from "../control/control-listener.ts";
import type { Clock } from "../core/clock.ts";
import { presentedCredentials } from "../gateway/authenticate.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { Listener, type SideHandler } from "../gateway/listener.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { listenForMetrics } from "../telemetry/metrics-listener.ts";
import { OpsEndpoints } from "../telemetry/ops-endpoints.ts";
import type { Readiness } from "../telemetry/readiness.ts";
import type { AdminAccess } from "./admin-access.ts";

export interface OpenListenersOptions {
  config: Config;
  gateway: Gateway;
  /** Workers serve the calls, on this port, and forward the rest to this socket; null: this process does. */
  workers: { port: number; httpPath: string } | null;
  /** Of what is no call; /livez, /readyz and /metrics come before them. */
  sideHandlers: readonly SideHandler[];
  readiness: Readiness;
  metrics: Metrics;
  access: AdminAccess;
  clock: Clock;
  /** With what closes each of them, as soon as it listens. */
  onOpened: (close: () => Promise<void> | void) => void;
}

export interface Urls {
  /** Of the whole, as callers reach it. */
  url: string;
  adminUrl: string;
  /** Null: they have no port of their own. */
  metricsUrl: string | null;
}

const requestTimeoutMs = 300_000;

/** Rejects when one of the ports can't be had. */
export async function openListeners(options: OpenListenersOptions): Promise<Urls> {
  const { config, metrics, onOpened } = options;
  const port = await listenForCallers(options);
  const { port: metricsPort } = config.metrics;
  const ofMetrics = metricsPort === null ? null : await listenForMetrics(metrics, config.server.host, metricsPort);
  if (ofMetrics !== null) onOpened(() => ofMetrics.close());
  const host = config.server.host.includes(":") ? `[${config.server.host}]` : config.server.host;
  const url = config.server.publicUrl ?? `http://${host}:${port}`;
  return { url, adminUrl: `${url}/admin/api/v1`, metricsUrl: ofMetrics?.url ?? null };
}

/** Returns the port that callers use. */
async function listenForCallers(options: OpenListenersOptions): Promise<number> {
  const { config, gateway, workers, onOpened } = options;
  const { host, port, corsOrigins } = config.server;
  const sideHandlers = [opsEndpoints(options), ...options.sideHandlers];
  if (workers !== null) {
    const listener = await ControlListener.listen({ path: workers.httpPath, sideHandlers });
    onOpened(() => listener.close());
    return workers.port;
  }
  const listener = new Listener({ host, port, gateway, sideHandlers, corsOrigins, requestTimeoutMs });
  const listening = await listener.listen();
  onOpened(() => listener.close(true));
  return listening;
}

function opsEndpoints({ config, readiness, metrics, access, clock }: OpenListenersOptions): OpsEndpoints {
  const hasOwnPort = config.metrics.port !== null;
  return new OpsEndpoints({
    readiness,
    metrics,
    nowMs: () => clock.nowMs(),
    authorizeMetrics: hasOwnPort
      ? null
      : (req) => authorizeMetrics(presentedCredentials(req.headers)[0], (token) => access.authenticate(token)),
  });
}
