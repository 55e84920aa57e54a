// Several processes that share allowances, in one test process, on a clock that the test moves.
import { expect } from "vitest";
import type { LeaseAuthority } from "../../src/control/allowances/leases/lease-authority.ts";
import { LeasedAllowances, type LeasedAllowancesOptions } from "../../src/control/allowances/leases/leased-allowances.ts";
import { accountName, type SpendQuestion, type SpendReader } from "../../src/control/allowances/spend-reader.ts";
import type { Demand, Refusal, Reservation } from "../../src/domain/allowance.ts";
import { type Limits, noLimits } from "../../src/domain/limits.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import type { LeaseHost } from "./lease-hosts.ts";

/** What all processes have settled: as the real one, it has everything that was settled, and nothing before. */
export class FakeLedger implements SpendReader {
  readonly records: { subject: string; atMs: number; nanoUsd: number }[] = [];
  isAway = false;
  async spent(accounts: readonly SpendQuestion[]): Promise<Map<string, number>> {
    if (this.isAway) throw new Error("the ledger is away");
    return new Map(
      accounts.map(({ subject, startMs }) => {
        const theirs = this.records.filter((record) => record.subject === subject && record.atMs >= startMs);
        return [accountName(subject, startMs), theirs.reduce((sum, { nanoUsd }) => sum + nanoUsd, 0)];
      }),
    );
  }
}

export interface SharedProcesses {
  host: LeaseHost;
  clock: FakeClock;
  ledger: FakeLedger;
  processes: LeasedAllowances[];
  authorities: LeaseAuthority[];
  /** Added to the time that Redis is told. */
  jumpMs: number;
  /** How long an answer is really waited for, while the clock stands still. */
  patienceMs: number;
  /** Moves time on, in steps of at most `stepMs`, with everything settled in between. */
  advance(ms: number, stepMs?: number): Promise<void>;
  settled(): Promise<void>;
  add(options?: Partial<LeasedAllowancesOptions>): Promise<LeasedAllowances>;
  /** As `kill -9`: it says nothing more. */
  kill(process: LeasedAllowances): Promise<void>;
  close(): Promise<void>;
}

let names = 0;

export async function startSharedProcesses(
  count: number,
  { host, settleMs = 3500, ...options }: Partial<LeasedAllowancesOptions> & { host: LeaseHost; settleMs?: number },
): Promise<SharedProcesses> {
  const clock = createFakeClock();
  const ledger = new FakeLedger();
  const processes: LeasedAllowances[] = [];
  const authorities: LeaseAuthority[] = [];
  const shared: SharedProcesses = {
    host,
    clock,
    ledger,
    processes,
    authorities,
    jumpMs: 0,
    patienceMs: 5000,
    async advance(ms, stepMs = 250) {
      for (let left = ms; left > 0; left -= stepMs) {
        await clock.advance(Math.min(left, stepMs));
        await shared.settled();
      }
    },
    async settled() {
      const until = Date.now() + 10_000;
      do {
        await new Promise(setImmediate);
        expect(Date.now()).toBeLessThan(until);
      } while (!processes.every(({ isIdle }) => isIdle));
    },
    async add(more = {}) {
      const timeMs = () => clock.nowMs() + shared.jumpMs;
      const authority = await host.connect({ monotonicMs: clock.nowMs, timeMs, patienceMs: () => shared.patienceMs });
      const process = new LeasedAllowances({
        authority,
        processId: `p${++names}`,
        reader: ledger,
        clock,
        timeoutMs: 10,
        monotonicMs: () => clock.nowMs(),
        ...options,
        ...more,
      });
      await process.start();
      processes.push(process);
      authorities.push(authority);
      return process;
    },
    async kill(process) {
      const index = processes.indexOf(process);
      processes.splice(index, 1);
      const [authority] = authorities.splice(index, 1);
      await authority?.close();
    },
    async close() {
      for (const process of processes) await process.stop();
    },
  };
  for (let made = 0; made < count; made++) await shared.add();
  // Then all know of all, and nobody is held to a share any more.
  await shared.advance(settleMs);
  return shared;
}

export function demandOf(limits: Partial<Limits>, more: Partial<Demand> = {}): Demand {
  const charges = [{ subject: "key:key_a", limits: { ...noLimits, ...limits } }];
  return { charges, payer: "group:grp_a", tokens: 0, costNanoUsd: 0, isGuess: false, ...more };
}

export async function ask(process: LeasedAllowances, demand: Demand, clock: FakeClock): Promise<Reservation | Refusal> {
  return await process.reserve(demand, clock.nowMs());
}

/** The most in any window, of a log of times in order. */
export function mostWithin(times: readonly number[], windowMs: number): number {
  let most = 0;
  let first = 0;
  for (let last = 0; last < times.length; last++) {
    while ((times[last] as number) - (times[first] as number) >= windowMs) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
