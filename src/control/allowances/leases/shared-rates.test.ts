// Rates that several processes share counted in a Redis or in memory: never more than the limit in any window, and nearly all of it.
import { describe, expect, test } from "vitest";
import { hostKinds } from "../../../../test/support/lease-hosts.ts";
import { onLeaseHost } from "../../../../test/support/on-lease-host.ts";
import { ask, demandOf, mostWithin, type SharedProcesses } from "../../../../test/support/shared-processes.ts";
import { type Limits, noLimits } from "../../../domain/limits.ts";

describe.each(hostKinds)("counted in %s", (kind) => {
  const counted = onLeaseHost(kind);

  /** 50 callers that ask again and again, spread over the processes; when each was admitted. */
  async function runCallers(on: SharedProcesses, limits: Partial<Limits>, forMs: number, stepMs: number): Promise<number[]> {
    const admitted: number[] = [];
    const endMs = on.clock.nowMs() + forMs;
    while (on.clock.nowMs() < endMs) {
      const callers = Array.from({ length: 50 }, async (_, caller) => {
        const process = on.processes[caller % on.processes.length];
        if (process === undefined) throw new Error("there is no process");
        for (let call = 0; call < 3; call++) {
          const answer = await ask(process, demandOf(limits), on.clock);
          if (answer.kind !== "reserved") return;
          admitted.push(on.clock.nowMs());
          answer.settle({ tokens: 0, costNanoUsd: 0 }, on.clock.nowMs());
        }
      });
      await Promise.all(callers);
      await on.advance(stepMs, stepMs);
    }
    return admitted;
  }

  describe.each([1, 2, 5])("%i processes", (count) => {
    test("requests_per_minute: never more than 100 in any 60 s, at least 95 a minute while callers keep asking", async () => {
      const shared = await counted.start(count);
      const startMs = shared.clock.nowMs();
      const admitted = await runCallers(shared, { requestsPerMinute: 100 }, 300_000, 250);
      if (count === 1) expect(admitted.filter((atMs) => atMs === startMs)).toHaveLength(100);
      expect(mostWithin(admitted, 60_000)).toBeLessThanOrEqual(100);
      expect(admitted.length).toBeGreaterThanOrEqual(95 * 5);
    }, 120_000);

    test("requests_per_second: never more than 20 in any second, at least 17 a second while callers keep asking", async () => {
      const shared = await counted.start(count);
      const admitted = await runCallers(shared, { requestsPerSecond: 20 }, 10_000, 10);
      expect(mostWithin(admitted, 1000)).toBeLessThanOrEqual(20);
      expect(admitted.length).toBeGreaterThanOrEqual(17 * 10);
    }, 120_000);
  });

  test("one that takes no calls has no share of them", async () => {
    const shared = await counted.start(2);
    await shared.add({ isObserver: true });
    await shared.advance(2000);
    expect(shared.processes.map(({ processes }) => processes)).toEqual([2, 2, 2]);
  });

  test("retry-after is right to a second", async () => {
    const shared = await counted.start(2);
    const [one, two] = shared.processes as [never, never];
    for (let call = 0; call < 10; call++)
      expect((await ask(one, demandOf({ requestsPerMinute: 20 }), shared.clock)).kind).toBe("reserved");
    await shared.advance(20_000);
    for (let call = 0; call < 10; call++)
      expect((await ask(one, demandOf({ requestsPerMinute: 20 }), shared.clock)).kind).toBe("reserved");
    const refused = await ask(two, demandOf({ requestsPerMinute: 20 }), shared.clock);
    expect(refused).toMatchObject({
      kind: "rate",
      limit: "requests_per_minute",
      standing: { requests: { limit: 20, remaining: 0 } },
    });
    const waitMs = (refused as { retryAfterMs: number }).retryAfterMs;
    expect(waitMs).toBeGreaterThanOrEqual(39_000);
    expect(waitMs).toBeLessThanOrEqual(41_500);
    await shared.advance(waitMs - 1000, 1000);
    expect((await ask(two, demandOf({ requestsPerMinute: 20 }), shared.clock)).kind).toBe("rate");
    await shared.advance(1000, 1000);
    expect((await ask(two, demandOf({ requestsPerMinute: 20 }), shared.clock)).kind).toBe("reserved");
  });

  test("calls that wait for one that was asked about before, while time passes: they are counted together", async () => {
    const shared = await counted.start(1, { timeoutMs: 1000 });
    const [one] = shared.processes as [never];
    const limits = { requestsPerMinute: 1 };
    counted.host.pause();
    const other = ask(
      one,
      { ...demandOf(limits), charges: [{ subject: "key:key_b", limits: { ...noLimits, ...limits } }] },
      shared.clock,
    );
    await new Promise(setImmediate);
    const first = ask(one, demandOf(limits), shared.clock);
    await shared.clock.advance(250);
    const second = ask(one, demandOf(limits), shared.clock);
    counted.host.resume();
    expect((await other).kind).toBe("reserved");
    expect((await Promise.all([first, second])).map(({ kind }) => kind).sort()).toEqual(["rate", "reserved"]);
  });

  test("tokens_per_minute: estimates are taken, what was not used is given back, what was used beyond counts", async () => {
    const shared = await counted.start(2);
    const [one, two] = shared.processes as [never, never];
    const limits = { tokensPerMinute: 1000 };
    const first = await ask(one, demandOf(limits, { tokens: 600 }), shared.clock);
    expect(first.kind).toBe("reserved");
    expect((await ask(two, demandOf(limits, { tokens: 600 }), shared.clock)).kind).toBe("rate");
    // A guess takes what is left.
    const guess = await ask(two, demandOf(limits, { tokens: 600, isGuess: true }), shared.clock);
    expect(guess.kind).toBe("reserved");
    expect((await ask(one, demandOf(limits, { tokens: 1, isGuess: true }), shared.clock)).kind).toBe("rate");
    expect(await ask(one, demandOf(limits, { tokens: 1001 }), shared.clock)).toMatchObject({ kind: "rate", retryAfterMs: null });
    if (first.kind !== "reserved" || guess.kind !== "reserved") throw new Error("not admitted");
    first.settle({ tokens: 100, costNanoUsd: 0 }, shared.clock.nowMs());
    guess.settle({ tokens: 500, costNanoUsd: 0 }, shared.clock.nowMs());
    await shared.advance(1000);
    expect((await ask(two, demandOf(limits, { tokens: 401 }), shared.clock)).kind).toBe("rate");
    await shared.advance(250);
    expect((await ask(two, demandOf(limits, { tokens: 400 }), shared.clock)).kind).toBe("reserved");
  });

  test("all that a call draws on admit it, or nothing is taken", async () => {
    const shared = await counted.start(2);
    const [one, two] = shared.processes as [never, never];
    const both = (model: number) => ({
      ...demandOf({ requestsPerMinute: 10 }),
      charges: [
        ...demandOf({ requestsPerMinute: 10 }).charges,
        ...demandOf({ requestsPerMinute: model }).charges.map((charge) => ({ ...charge, subject: "model:mdl_a" })),
      ],
    });
    for (let call = 0; call < 3; call++) expect((await ask(one, both(3), shared.clock)).kind).toBe("reserved");
    for (let call = 0; call < 20; call++)
      expect(await ask(two, both(3), shared.clock)).toMatchObject({ kind: "rate", charge: { subject: "model:mdl_a" } });
    await shared.advance(1500);
    for (let call = 0; call < 7; call++)
      expect((await ask(two, demandOf({ requestsPerMinute: 10 }), shared.clock)).kind).toBe("reserved");
    expect((await ask(two, demandOf({ requestsPerMinute: 10 }), shared.clock)).kind).toBe("rate");
  });

  test("a limit that is changed holds at once, with what was counted", async () => {
    const shared = await counted.start(2);
    const [one, two] = shared.processes as [never, never];
    for (let call = 0; call < 10; call++)
      expect((await ask(one, demandOf({ requestsPerMinute: 100 }), shared.clock)).kind).toBe("reserved");
    expect((await ask(one, demandOf({ requestsPerMinute: 10 }), shared.clock)).kind).toBe("rate");
    expect((await ask(two, demandOf({ requestsPerMinute: 10 }), shared.clock)).kind).toBe("rate");
    await shared.advance(1500);
    expect((await ask(two, demandOf({ requestsPerMinute: 11 }), shared.clock)).kind).toBe("reserved");
  });

  test("concurrent_requests: never above, and what a dead process held is free after 10 s", async () => {
    const shared = await counted.start(3);
    const [one, two, three] = shared.processes as [never, never, never];
    const held = [];
    for (const process of [one, two, three, one, two, three]) {
      const answer = await ask(process, demandOf({ concurrentRequests: 5 }), shared.clock);
      if (answer.kind === "reserved") held.push({ answer, process });
      else expect(answer).toMatchObject({ kind: "rate", limit: "concurrent_requests", retryAfterMs: 1000 });
    }
    expect(held.length).toBe(5);
    // What one has ended, another may begin.
    held.shift()?.answer.settle({ tokens: 0, costNanoUsd: 0 }, shared.clock.nowMs());
    await shared.advance(600);
    expect((await ask(two, demandOf({ concurrentRequests: 5 }), shared.clock)).kind).toBe("reserved");
    expect((await ask(three, demandOf({ concurrentRequests: 5 }), shared.clock)).kind).toBe("rate");
    await shared.kill(two);
    await shared.advance(8000);
    expect((await ask(three, demandOf({ concurrentRequests: 5 }), shared.clock)).kind).toBe("rate");
    await shared.advance(3000);
    const three5 = [];
    for (let call = 0; call < 5; call++) three5.push((await ask(three, demandOf({ concurrentRequests: 5 }), shared.clock)).kind);
    // Two of them were the dead one's at first, and one that it began later.
    expect(three5.filter((kind) => kind === "reserved")).toHaveLength(3);
  });
});
