// Budgets that several processes share counted in a Redis or in memory: never above the limit, nearly all of it usable, true after everything that can be lost.
import { describe, expect, test } from "vitest";
import { hostKinds } from "../../../../test/support/lease-hosts.ts";
import { onLeaseHost } from "../../../../test/support/on-lease-host.ts";
import { ask, demandOf, type SharedProcesses } from "../../../../test/support/shared-processes.ts";
import type { Budget } from "../../../domain/limits.ts";
import type { LeasedAllowances } from "./leased-allowances.ts";

const dollar = 1_000_000_000;
const cent = dollar / 100;
const budget: Budget = { limitNanoUsd: dollar, period: "total", timeZone: "UTC", unpriced: "deny" };
const holders = [{ subject: "key:key_a", budget }];
const costing = (nanoUsd: number, of: Partial<Budget> = {}) =>
  demandOf({ budget: { ...budget, ...of } }, { costNanoUsd: nanoUsd });

describe.each(hostKinds)("counted in %s", (kind) => {
  const counted = onLeaseHost(kind);

  async function startBudgets(count: number): Promise<SharedProcesses> {
    const shared = await counted.start(count);
    for (const process of shared.processes) await process.ensure(holders);
    return shared;
  }

  /** One call from admission to its end; what it cost, or null when it was refused. */
  async function spend(on: SharedProcesses, process: LeasedAllowances, estimate: number, real: number): Promise<number | null> {
    const answer = await ask(process, costing(estimate), on.clock);
    if (answer.kind !== "reserved") return null;
    answer.settle({ tokens: 0, costNanoUsd: real }, on.clock.nowMs());
    on.ledger.records.push({ subject: "key:key_a", atMs: on.clock.nowMs(), nanoUsd: real });
    return real;
  }

  describe.each([1, 3])("%i processes", (count) => {
    test("$1 and 100 parallel callers: never above, and at least $1 less one call's estimate can be used", async () => {
      const on = await startBudgets(count);
      let spent = 0;
      for (let round = 0; round < 60; round++) {
        const open: (() => void)[] = [];
        const callers = Array.from({ length: 100 }, async (_, caller) => {
          const process = on.processes[caller % count] as LeasedAllowances;
          const answer = await ask(process, costing(3 * cent), on.clock);
          if (answer.kind !== "reserved") return;
          open.push(() => {
            const real = cent + (caller % 3) * cent;
            spent += real;
            answer.settle({ tokens: 0, costNanoUsd: real }, on.clock.nowMs());
            on.ledger.records.push({ subject: "key:key_a", atMs: on.clock.nowMs(), nanoUsd: real });
          });
        });
        await Promise.all(callers);
        expect(spent + open.length * 3 * cent).toBeLessThanOrEqual(dollar);
        await on.advance(250);
        for (const end of open) end();
        await on.advance(250);
      }
      expect(spent).toBeLessThanOrEqual(dollar);
      expect(spent).toBeGreaterThan(dollar - 3 * cent);
    });
  });

  test("what the ledger says was spent before counts", async () => {
    const shared = await counted.start(2);
    shared.ledger.records.push({ subject: "key:key_a", atMs: 0, nanoUsd: 95 * cent });
    for (const process of shared.processes) await process.ensure(holders);
    const [one, two] = shared.processes as [LeasedAllowances, LeasedAllowances];
    expect(await spend(shared, one, 6 * cent, cent)).toBeNull();
    expect(await spend(shared, two, 5 * cent, 5 * cent)).toBe(5 * cent);
    await shared.advance(1500);
    expect(await ask(one, costing(1), shared.clock)).toMatchObject({ kind: "budget", spentNanoUsd: dollar, resetsAtMs: null });
  });

  test("lowered below what is spent it blocks at once, raised it unblocks at once", async () => {
    const on = await startBudgets(2);
    const [one, two] = on.processes as [LeasedAllowances, LeasedAllowances];
    for (let call = 0; call < 20; call++) await spend(on, one, cent, cent);
    expect((await ask(one, costing(cent, { limitNanoUsd: 20 * cent }), on.clock)).kind).toBe("budget");
    await on.advance(500);
    expect((await ask(two, costing(cent, { limitNanoUsd: 20 * cent }), on.clock)).kind).toBe("budget");
    expect((await ask(two, costing(cent, { limitNanoUsd: 21 * cent }), on.clock)).kind).toBe("reserved");
  });

  test("a guess takes what is left; what costs nothing is admitted; without a price nothing is", async () => {
    const on = await startBudgets(2);
    const [one, two] = on.processes as [LeasedAllowances, LeasedAllowances];
    expect((await ask(one, { ...costing(5 * dollar), isGuess: true }, on.clock)).kind).toBe("reserved");
    expect((await ask(two, { ...costing(5 * dollar), isGuess: true }, on.clock)).kind).toBe("budget");
    expect((await ask(two, costing(0), on.clock)).kind).toBe("reserved");
    expect((await ask(two, { ...costing(0), costNanoUsd: null }, on.clock)).kind).toBe("unpriced");
    const allowing = demandOf({ budget: { ...budget, unpriced: "allow" } }, { costNanoUsd: null });
    expect((await ask(two, allowing, on.clock)).kind).toBe("reserved");
  });

  test("what a dead process held stays set aside until it is known to be gone; what it spent stays", async () => {
    const on = await startBudgets(2);
    const [one, two] = on.processes as [LeasedAllowances, LeasedAllowances];
    await spend(on, one, 10 * cent, 10 * cent);
    expect((await ask(one, costing(60 * cent), on.clock)).kind).toBe("reserved");
    await on.advance(1500);
    await on.kill(one);
    await on.advance(30_000);
    expect(await spend(on, two, 40 * cent, cent)).toBeNull();
    await two.forget(one.processId);
    expect(await spend(on, two, 91 * cent, cent)).toBeNull();
    expect(await spend(on, two, 90 * cent, cent)).toBe(cent);
  });

  test("ten minutes after a process was heard of last, it has no calls left", async () => {
    const on = await startBudgets(2);
    const [one, two] = on.processes as [LeasedAllowances, LeasedAllowances];
    expect((await ask(one, costing(90 * cent), on.clock)).kind).toBe("reserved");
    await on.kill(one);
    await on.advance(590_000, 10_000);
    expect(await spend(on, two, 50 * cent, cent)).toBeNull();
    await on.advance(20_000, 10_000);
    expect(await spend(on, two, 50 * cent, cent)).toBe(cent);
  });

  test("an authority that has lost everything: the ledger and what every process says make it true again", async () => {
    const on = await startBudgets(3);
    const [one, two, three] = on.processes as [LeasedAllowances, LeasedAllowances, LeasedAllowances];
    for (const process of [one, two, three]) for (let call = 0; call < 20; call++) await spend(on, process, cent, cent);
    const held = await ask(three, costing(20 * cent), on.clock);
    expect(held.kind).toBe("reserved");
    await on.advance(11_000);
    await counted.host.lose();
    await on.advance(5000);
    // 60 are spent, 20 held.
    expect(await spend(on, one, 21 * cent, cent)).toBeNull();
    expect(await spend(on, two, 20 * cent, 20 * cent)).toBe(20 * cent);
    expect(await spend(on, one, 1, 1)).toBeNull();
  });

  test("the ledger sets it right: upwards at once, downwards when nobody spends", async () => {
    const on = await startBudgets(2);
    const [one, two] = on.processes as [LeasedAllowances, LeasedAllowances];
    await spend(on, one, 10 * cent, 10 * cent);
    await on.advance(1500);
    on.ledger.records.push({ subject: "key:key_a", atMs: on.clock.nowMs(), nanoUsd: 80 * cent });
    await two.reconcile();
    expect(await spend(on, one, 11 * cent, cent)).toBeNull();
    on.ledger.records.push({ subject: "key:key_a", atMs: on.clock.nowMs(), nanoUsd: -80 * cent });
    await two.reconcile();
    await on.advance(500);
    expect(await spend(on, one, 11 * cent, cent)).toBeNull();
    await on.advance(7000);
    await two.reconcile();
    expect(await spend(on, one, 90 * cent, 90 * cent)).toBe(90 * cent);
  });

  test("a new period begins with nothing spent", async () => {
    const on = await startBudgets(2);
    const [one] = on.processes as [LeasedAllowances];
    const daily = { period: "day" as const };
    expect((await ask(one, costing(dollar / 2, daily), on.clock)).kind).toBe("reserved");
    expect((await ask(one, costing(dollar, daily), on.clock)).kind).toBe("budget");
    await on.advance(86_400_000, 14_400_000);
    await on.advance(2000);
    expect((await ask(one, costing(dollar / 2, daily), on.clock)).kind).toBe("reserved");
  }, 120_000);
});
