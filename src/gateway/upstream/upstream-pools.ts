// Connections to endpoints: one pool per origin and connect timeout, kept while some endpoint uses it.
import type { Clock } from "../../core/clock.ts";
import type { EndpointView } from "../../domain/snapshot.ts";
import { createConnector } from "../../egress/connector.ts";
import { Http1Pool } from "./http1/http1-pool.ts";
import { sharedReads } from "./http1/shared-reads.ts";
import { baseOf } from "./upstream-path.ts";

/** Sockets per origin; more calls than this wait for one, within their total timeout. */
const connectionsMax = 4096;
const headBytesMax = 64 * 1024;

interface OriginPools {
  /** By connect timeout, ms: nearly always one. */
  byTimeout: Map<number, Http1Pool>;
}

export class UpstreamPools {
  readonly #clock: Clock;
  readonly #origins = new Map<string, OriginPools>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The pool for calls to `endpoint` whose connections stand within `connectMs`. */
  for(endpoint: EndpointView, connectMs: number): Http1Pool {
    const { origin } = baseOf(endpoint);
    let pools = this.#origins.get(origin);
    if (pools === undefined) {
      pools = { byTimeout: new Map() };
      this.#origins.set(origin, pools);
    }
    let pool = pools.byTimeout.get(connectMs);
    if (pool === undefined) {
      const connect = createConnector({ connectTimeoutMs: connectMs, allowPrivate: true, onread: sharedReads });
      pool = new Http1Pool(origin, { connect, clock: this.#clock, connectionsMax, headBytesMax });
      pools.byTimeout.set(connectMs, pool);
    }
    return pool;
  }

  /** Closes the pools of origins that none of `endpoints` has; calls in flight on them finish first. */
  keepOnly(endpoints: Iterable<EndpointView>): void {
    const used = new Set<string>();
    for (const endpoint of endpoints) used.add(baseOf(endpoint).origin);
    for (const [origin, { byTimeout }] of this.#origins) {
      if (used.has(origin)) continue;
      this.#origins.delete(origin);
      for (const pool of byTimeout.values()) void pool.close();
    }
  }

  async close(): Promise<void> {
    const pools = [...this.#origins.values()].flatMap(({ byTimeout }) => [...byTimeout.values()]);
    this.#origins.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }
}
