// What is to be told goes with the batches, bounded, each key once, and nothing of it is forgotten.
import { beforeEach, expect, test } from "vitest";
import { ConcurrencyLease } from "./concurrency-lease.ts";
import { DueReports, reportsMax } from "./due-reports.ts";
import type { LeaseContext } from "./lease.ts";
import type { ConcurrencyAsk } from "./lease-authority.ts";
import { Told } from "./told.ts";

let nowMs = 0;
let reports: DueReports;
let context: LeaseContext;
beforeEach(() => {
  nowMs = 0;
  reports = new DueReports();
  context = {
    monotonicMs: () => nowMs,
    isAway: false,
    processes: 1,
    isNear: false,
    isDirty: (lease) => reports.add(lease),
    tellSoon: (lease) => reports.addUrgent(lease),
  };
});

/** With calls under way that the authority is to be told of. */
function busy(key: string, calls = 1, told = context): ConcurrencyLease {
  const lease = new ConcurrencyLease(key, told);
  lease.limit = 100;
  for (let call = 0; call < calls; call++) lease.takeGranted();
  lease.forgotten();
  return lease;
}

/** One that nobody but the test says anything of. */
function quiet(key: string): ConcurrencyLease {
  return busy(key, 1, { ...context, isDirty: () => {} });
}

/** The keys that a batch tells; it is answered. */
function keysOf(tell: (told: Told) => void): string[] {
  const told = new Told();
  tell(told);
  told.answered(told.asks.map((ask) => ({ kind: "concurrency", slice: 0, total: (ask as ConcurrencyAsk).used })));
  return told.asks.map(({ key }) => key);
}

const next = () => keysOf((told) => reports.tell(told));

test("more than fits in a batch follows with the next ones, and all that has calls under way comes again a second later", () => {
  const keys = Array.from({ length: reportsMax * 2 + 50 }, (_, number) => `c:${number}`);
  for (const key of keys) busy(key);
  const batches = [next(), next(), next()];
  expect(batches.map(({ length }) => length)).toEqual([reportsMax, reportsMax, 50]);
  expect(new Set(batches.flat())).toEqual(new Set(keys));
  expect(next()).toEqual([]);
  nowMs += 1000;
  expect(new Set([...next(), ...next(), ...next()])).toEqual(new Set(keys));
});

test("a lease and its successor have one ask in a batch: the other goes with the next one", () => {
  const leases = [busy("c:a", 1), busy("c:a", 2)];
  const said = leases.map(() => {
    const told = new Told();
    reports.tell(told);
    told.answered(told.asks.map((ask) => ({ kind: "concurrency", slice: 0, total: (ask as ConcurrencyAsk).used })));
    return told.asks.map((ask) => (ask as ConcurrencyAsk).used);
  });
  expect(said).toEqual([[1], [2]]);
});

test("what calls of the batch ask for is not said twice, and what they leave is said later", () => {
  const [asked, other] = [busy("c:asked"), busy("c:other")];
  for (const lease of [asked, other]) reports.addUrgent(lease);
  const keys = keysOf((told) => {
    told.add(asked, true);
    reports.tellUrgent(told);
    reports.tell(told);
  });
  expect(keys).toEqual(["c:asked", "c:other"]);
  expect(reports.hasUrgent).toBe(false);
  asked.forgotten();
  expect(next()).toEqual(["c:asked"]);
});

test("what was urgent when the authority went away is still due", () => {
  reports.addUrgent(quiet("c:a"));
  reports.calm();
  expect(keysOf((told) => reports.tellUrgent(told))).toEqual([]);
  expect(next()).toEqual(["c:a"]);
});

test("what was urgent and got lost with its batch is still due", () => {
  reports.addUrgent(quiet("c:a"));
  const lost = new Told();
  reports.tellUrgent(lost);
  expect(lost.asks).toHaveLength(1);
  lost.unanswered();
  expect(next()).toEqual(["c:a"]);
});

test("at the end all is said, however much, and nothing is wanted for later calls", () => {
  for (let number = 0; number <= reportsMax; number++) busy(`c:${number}`, 20);
  const told = new Told();
  reports.tellLast(told);
  expect(told.asks).toHaveLength(reportsMax + 1);
  expect(new Set(told.asks.map((ask) => (ask as ConcurrencyAsk).want))).toEqual(new Set([0]));
});
