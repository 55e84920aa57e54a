// Connections to endpoints: one pool per origin and connect timeout, kept while some endpoint uses it.
import { Pool } from "undici";
import type { EndpointView } from "../../domain/snapshot.ts";
import { createConnector } from "../../egress/connector.ts";
import { baseOf } from "./upstream-path.ts";

/** Sockets per origin; more calls than this wait for one, within their total timeout. */
const connectionsMax = 4096;

export class UpstreamPools {
  readonly #pools = new Map<string, Pool>();

  /** The pool for calls to `endpoint`. */
  for(endpoint: EndpointView): Pool {
    const name = poolName(endpoint);
    let pool = this.#pools.get(name);
    if (pool === undefined) {
      pool = new Pool(baseOf(endpoint).origin, {
        connect: createConnector({ connectTimeoutMs: endpoint.timeouts.connectMs, allowPrivate: true }),
        connections: connectionsMax,
        pipelining: 1,
        // Our own timers watch each phase of a call; undici's would only add work.
        headersTimeout: 0,
        bodyTimeout: 0,
        maxHeaderSize: 64 * 1024,
        allowH2: false,
      });
      this.#pools.set(name, pool);
    }
    return pool;
  }

  /** Closes the pools that none of `endpoints` uses; calls in flight on them finish first. */
  keepOnly(endpoints: Iterable<EndpointView>): void {
    const used = new Set<string>();
    for (const endpoint of endpoints) used.add(poolName(endpoint));
    for (const [name, pool] of this.#pools) {
      if (used.has(name)) continue;
      this.#pools.delete(name);
      pool.close().catch(() => pool.destroy());
    }
  }

  async close(): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }
}

function poolName(endpoint: EndpointView): string {
  return `${baseOf(endpoint).origin} ${endpoint.timeouts.connectMs}`;
}
