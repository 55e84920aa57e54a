// Who counts for the processes of a test: a real Redis, or a memory as the control process has it; either can lose everything, freeze, and come back.
import { expect } from "vitest";
import { type RedisServer, startRedis } from "../../scripts/services/redis.mjs";
import type { LeaseAnswer, LeaseAuthority, LeaseBatch } from "../../src/control/allowances/leases/lease-authority.ts";
import { MemoryLeaseAuthority } from "../../src/control/allowances/leases/memory-lease-authority.ts";
import { RedisAuthority } from "../../src/control/allowances/redis/redis-authority.ts";
import { Secret } from "../../src/core/secret.ts";

export interface ConnectOptions {
  /** The test's clock, which is never set. */
  monotonicMs: () => number;
  /** The clock of the machine that counts, where it has one that can be set. */
  timeMs: () => number;
  /** How long an answer is really waited for. */
  patienceMs: () => number;
}

export interface LeaseHost {
  /** A process's way to it. */
  connect(options: ConnectOptions): Promise<LeaseAuthority>;
  /** Ends it, and everything it knew with it; another takes its place. Settles when all that are connected reach that. */
  lose(): Promise<void>;
  /** The same, but it keeps what it knew where it can. */
  restart(): Promise<void>;
  /** Nothing is answered until `resume`. */
  pause(): void;
  resume(): void;
  destroy(): Promise<void>;
}

export type HostKind = "redis" | "memory";

export const hostKinds: readonly HostKind[] = ["redis", "memory"];

export async function startLeaseHost(kind: HostKind): Promise<LeaseHost> {
  return kind === "redis" ? new RedisHost(await startRedis({ keepsData: true })) : new MemoryHost();
}

class RedisHost implements LeaseHost {
  readonly #server: RedisServer;
  #authorities: RedisAuthority[] = [];

  constructor(server: RedisServer) {
    this.#server = server;
  }

  async connect({ timeMs, patienceMs }: ConnectOptions): Promise<LeaseAuthority> {
    const authority = new RedisAuthority({ url: new Secret(this.#server.url), timeMs, timeoutMs: patienceMs });
    await untilConnected(authority);
    this.#authorities.push(authority);
    const close = authority.close.bind(authority);
    authority.close = async () => {
      this.#authorities = this.#authorities.filter((other) => other !== authority);
      await close();
    };
    return authority;
  }

  async lose(): Promise<void> {
    await this.#server.stop({ crash: true });
    await this.#server.wipe();
    await this.#server.start();
    for (const authority of this.#authorities) await untilConnected(authority);
  }

  async restart(): Promise<void> {
    await this.#server.stop();
    await this.#server.start();
    for (const authority of this.#authorities) await untilConnected(authority);
  }

  pause(): void {
    this.#server.pause();
  }

  resume(): void {
    this.#server.resume();
  }

  async destroy(): Promise<void> {
    await this.#server.destroy();
  }
}

/** What is between a process and the authority: batches wait while it is frozen, and are done late. */
class MemoryHost implements LeaseHost {
  #authority: MemoryLeaseAuthority | null = null;
  #monotonicMs: () => number = () => 0;
  #resumed: Promise<void> | null = null;
  #resume = () => {};

  async connect({ monotonicMs, patienceMs }: ConnectOptions): Promise<LeaseAuthority> {
    this.#monotonicMs = monotonicMs;
    let isClosed = false;
    return {
      refill: (batch) => this.#within(patienceMs(), () => this.#refill(batch, isClosed)),
      forget: (processId) => this.#there.forget(processId),
      close: async () => {
        isClosed = true;
      },
    };
  }

  async lose(): Promise<void> {
    this.#authority = null;
  }

  async restart(): Promise<void> {
    await this.lose();
  }

  pause(): void {
    this.#resumed ??= new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  resume(): void {
    this.#resumed = null;
    this.#resume();
  }

  async destroy(): Promise<void> {}

  get #there(): MemoryLeaseAuthority {
    this.#authority ??= new MemoryLeaseAuthority({ monotonicMs: () => this.#monotonicMs() });
    return this.#authority;
  }

  async #refill(batch: LeaseBatch, isClosed: boolean): Promise<LeaseAnswer> {
    if (isClosed) throw new Error("the process is gone");
    if (this.#resumed !== null) await this.#resumed;
    return await this.#there.refill(batch);
  }

  #within<Value>(timeoutMs: number, ask: () => Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("no answer in time")), timeoutMs);
      ask()
        .finally(() => clearTimeout(timer))
        .then(resolve, reject);
    });
  }
}

export async function untilConnected(authority: RedisAuthority): Promise<void> {
  const until = Date.now() + 10_000;
  while (!authority.isConnected) {
    expect(Date.now()).toBeLessThan(until);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
