// What the authority in memory does beyond the script in Redis: it is told of the start, lets go of what is over, frees at once what a gone process held.
import { beforeEach, expect, test } from "vitest";
import { createFakeClock, type FakeClock } from "../../../../test/support/fake-clock.ts";
import { demandOf, FakeLedger } from "../../../../test/support/shared-processes.ts";
import type { Budget } from "../../../domain/limits.ts";
import type { ConcurrencyAsk, LeaseAsk, LeaseBatch, WindowAsk } from "./lease-authority.ts";
import { LeasedAllowances } from "./leased-allowances.ts";
import { MemoryLeaseAuthority } from "./memory-lease-authority.ts";
import { minuteWindow } from "./window-lease.ts";

const budget: Budget = { limitNanoUsd: 1000, period: "total", timeZone: "UTC", unpriced: "deny" };

let clock: FakeClock;
let names = 0;
beforeEach(() => {
  clock = createFakeClock();
});

function newAuthority(isFirst = true): MemoryLeaseAuthority {
  return new MemoryLeaseAuthority({ monotonicMs: clock.nowMs, isFirst });
}

async function join(authority: MemoryLeaseAuthority, processes = 2): Promise<LeasedAllowances> {
  const process = new LeasedAllowances({
    authority,
    processId: `w${++names}`,
    reader: new FakeLedger(),
    clock,
    timeoutMs: 1000,
    monotonicMs: clock.nowMs,
    processes,
  });
  await process.start();
  return process;
}

const oneAtATime = demandOf({ concurrentRequests: 1 });
const kindOf = async (process: LeasedAllowances, demand = oneAtATime) => (await process.reserve(demand, clock.nowMs())).kind;

test("a first start holds nobody to a share; after a restart everybody is for 3 s", async () => {
  const first = await join(newAuthority(true));
  expect(await kindOf(first)).toBe("reserved");
  const again = await join(newAuthority(false));
  expect(await kindOf(again)).toBe("rate");
  await clock.advance(3000);
  expect(await kindOf(again)).toBe("reserved");
});

test("the 3 s begin when the first process that takes calls comes, however long after the authority", async () => {
  const authority = newAuthority(false);
  const observer = { processId: "control", isObserver: true };
  await authority.refill({ ...batchOf([]), ...observer });
  await clock.advance(20_000);
  const process = await join(authority);
  expect(await kindOf(process)).toBe("rate");
});

test("one that outlived another authority: others may have too, so nobody gets more than its share for 3 s", async () => {
  const authority = newAuthority(true);
  const fresh = await join(authority);
  await authority.refill({ ...batchOf([]), processId: "old", incarnation: "another", acknowledged: 7, sequence: 8 });
  expect(await kindOf(fresh)).toBe("rate");
  await clock.advance(3000);
  expect(await kindOf(fresh)).toBe("reserved");
});

test("one that has only begun, and had to wait for it, changes nothing; one that was cut off does", async () => {
  const authority = newAuthority(true);
  const other = await join(authority);
  const said = { ...batchOf([]), processId: "new", wasAway: true };
  const answer = await authority.refill(said);
  if (answer.kind !== "unknown") throw new Error("it was known");
  const { incarnation } = answer;
  expect(await authority.refill({ ...said, incarnation, sequence: 2, acknowledged: 1 })).toMatchObject({ kind: "done" });
  expect(await kindOf(other)).toBe("reserved");
  const asking = { ...said, incarnation, wasAway: false, sequence: 3, acknowledged: 2, asks: [windowOf("m:a")] };
  expect(await authority.refill(asking)).toMatchObject({ kind: "done" });
  expect(await authority.refill({ ...said, incarnation, sequence: 4, acknowledged: 3 })).toMatchObject({ kind: "done" });
  expect(await kindOf(other)).toBe("rate");
});

test("what a process held that is gone for good is free at once", async () => {
  const authority = newAuthority();
  const [one, two] = [await join(authority), await join(authority)];
  expect(await kindOf(one)).toBe("reserved");
  expect(await kindOf(two)).toBe("rate");
  await two.forget(one.processId);
  expect(await kindOf(two)).toBe("reserved");
});

test("frugal, it grants slices only while plenty is left: nothing is refused that another process does not use", async () => {
  for (const isFrugal of [false, true]) {
    const authority = new MemoryLeaseAuthority({ monotonicMs: clock.nowMs, isFirst: true, isFrugal });
    const [one, two] = [await join(authority), await join(authority)];
    const demand = demandOf({ tokensPerMinute: 3100 }, { tokens: 1000 });
    const kinds = [];
    for (const process of [one, one, two]) kinds.push(await kindOf(process, demand));
    expect(kinds).toEqual(["reserved", "reserved", isFrugal ? "reserved" : "rate"]);
  }
});

test("what is booked counts for the rest of its minute", async () => {
  const authority = newAuthority();
  authority.book({ key: "m:key:key_a", ...minuteWindow }, 50_000, 3);
  authority.book({ key: "m:key:key_a", ...minuteWindow }, 61_000, 3);
  const process = await join(authority);
  const demand = demandOf({ requestsPerMinute: 3 });
  const refused = await process.reserve(demand, clock.nowMs());
  if (refused.kind !== "rate") throw new Error("it was admitted");
  expect(refused.retryAfterMs).toBeGreaterThan(9900);
  expect(refused.retryAfterMs).toBeLessThanOrEqual(10_100);
  await clock.advance(10_100);
  expect(await kindOf(process, demand)).toBe("reserved");
});

test("what counts nothing any more is dropped, however many subjects come by", async () => {
  const authority = newAuthority();
  let sequence = 0;
  let incarnation = "";
  let sizeMost = 0;
  for (let round = 0; round < 3000; round++) {
    const asks: LeaseAsk[] = [windowOf(`m:${round}`), callsOf(`c:${round}`), budgetOf(`b:${round}`)];
    const calls = [[0, 1, 2].map((ask) => ({ ask, amount: 1, isGuess: false }))];
    const answer = await authority.refill({ ...batchOf(asks), sequence: ++sequence, incarnation, calls });
    if (answer.kind === "unknown") ({ incarnation } = answer);
    await clock.advance(300_000);
    sizeMost = Math.max(sizeMost, authority.size);
  }
  // Accounts are kept for a day: 288 rounds.
  expect(sizeMost).toBeLessThan(700);
  expect(sizeMost).toBeGreaterThan(288);
});

test("a batch that was overtaken changes nothing", async () => {
  const authority = newAuthority();
  const first = await authority.refill(batchOf([]));
  if (first.kind !== "unknown") throw new Error("it was known");
  const { incarnation } = first;
  const later = { ...batchOf([windowOf("m:a", [[0, 5]])]), incarnation };
  expect(await authority.refill({ ...later, sequence: 3 })).toMatchObject({ kind: "done", grants: [{ total: 5 }] });
  expect(await authority.refill({ ...later, sequence: 2 })).toEqual({ kind: "stale" });
  expect(await authority.refill({ ...later, asks: [windowOf("m:a")], sequence: 4 })).toMatchObject({ grants: [{ total: 5 }] });
});

function batchOf(asks: readonly LeaseAsk[]): LeaseBatch {
  return {
    processId: "p",
    sequence: 1,
    acknowledged: 0,
    elapsedMs: null,
    incarnation: "",
    processes: 2,
    hasCaughtUp: true,
    deadlineMs: 10,
    wasAway: false,
    isObserver: false,
    asks,
    calls: [],
  };
}

function windowOf(key: string, booked: WindowAsk["booked"] = []): WindowAsk {
  return { kind: "window", key, ...minuteWindow, limit: 10, own: 0, want: 0, givenBack: [], booked };
}

function callsOf(key: string): ConcurrencyAsk {
  return { kind: "concurrency", key, limit: 10, used: 0, want: 0, isLook: false };
}

function budgetOf(key: string): LeaseAsk {
  const opens = { ledger: 0, generation: key };
  const figures = { limit: budget.limitNanoUsd, generation: "", isReported: false, spent: 1, reserved: 1, want: 0 };
  return { kind: "budget", key, ...figures, opens, reconciles: null, isLook: false };
}
