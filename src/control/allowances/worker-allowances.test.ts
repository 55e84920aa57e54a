// Worker processes that share what control counts: limits hold for all together, budgets start from the ledger, and control may come and go.
import { afterEach, beforeEach, expect, test } from "vitest";
import { createFakeClock, type FakeClock } from "../../../test/support/fake-clock.ts";
import { demandOf, FakeLedger } from "../../../test/support/shared-processes.ts";
import { contentOf, keyOf } from "../../domain/fixtures/views.ts";
import { type Budget, noLimits } from "../../domain/limits.ts";
import type { LeaseAuthority } from "./leases/lease-authority.ts";
import { MemoryLeaseAuthority } from "./leases/memory-lease-authority.ts";
import { WorkerAllowances } from "./worker-allowances.ts";

const budget: Budget = { limitNanoUsd: 1000, period: "total", timeZone: "UTC", unpriced: "deny" };
const content = contentOf({ keys: [keyOf({ id: "key_a", limits: { ...noLimits, budget } })] });
const ignore = () => {};

let clock: FakeClock;
let ledger: FakeLedger;
/** Control's, null: it is gone. */
let control: MemoryLeaseAuthority | null;
let states: string[];
let workers: WorkerAllowances[];
beforeEach(() => {
  clock = createFakeClock();
  ledger = new FakeLedger();
  control = new MemoryLeaseAuthority({ monotonicMs: clock.nowMs, isFirst: true });
  states = [];
  workers = [];
});
afterEach(async () => {
  for (const worker of workers) await worker.stop();
});

const channel: LeaseAuthority = {
  async refill(batch) {
    if (control === null) throw new Error("the channel is closed");
    return control.refill(batch);
  },
  async forget() {},
  async close() {},
};

async function open(processId: string): Promise<WorkerAllowances> {
  const worker = await WorkerAllowances.open({
    redis: { url: null, timeoutMs: 10 },
    authority: channel,
    timeoutMs: 100,
    reader: ledger,
    processId,
    processes: 2,
    hasCaughtUp: () => true,
    clock,
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    onState: ({ status }) => states.push(status),
    monotonicMs: clock.nowMs,
  });
  workers.push(worker);
  return worker;
}

async function kindOf({ authority }: WorkerAllowances, demand: ReturnType<typeof demandOf>): Promise<string> {
  return (await authority.reserve(demand, clock.nowMs())).kind;
}

test("a limit is the same for all workers together, from the first call on", async () => {
  const [one, two] = [await open("w1"), await open("w2")];
  const demand = demandOf({ requestsPerMinute: 5 });
  const kinds = [];
  for (const worker of [one, one, one, two, two, two, one]) kinds.push(await kindOf(worker, demand));
  expect(kinds).toEqual(["reserved", "reserved", "reserved", "reserved", "reserved", "rate", "rate"]);
});

test("a budget begins with what the ledger says, in every worker", async () => {
  ledger.records.push({ subject: "key:key_a", atMs: 0, nanoUsd: 700 });
  const [one, two] = [await open("w1"), await open("w2")];
  await one.prepare(content);
  await two.prepare(content);
  expect(await kindOf(one, demandOf({ budget }, { costNanoUsd: 200 }))).toBe("reserved");
  expect(await kindOf(two, demandOf({ budget }, { costNanoUsd: 200 }))).toBe("budget");
  expect(await kindOf(two, demandOf({ budget }, { costNanoUsd: 100 }))).toBe("reserved");
});

test("one that begins before control can be reached works from its share, and asks as soon as it is told to", async () => {
  const there = control;
  control = null;
  const one = await open("w1");
  const demand = demandOf({ requestsPerMinute: 5 });
  const kinds = [];
  for (let call = 0; call < 3; call++) kinds.push(await kindOf(one, demand));
  expect(kinds).toEqual(["reserved", "reserved", "rate"]);
  control = there;
  await one.meet();
  expect(states).toEqual(["ok"]);
  for (let call = 0; call < 4; call++) kinds.push(await kindOf(one, demand));
  expect(kinds.slice(3)).toEqual(["reserved", "reserved", "reserved", "rate"]);
});

test("control that is replaced is told what was admitted: never more than the limit in all", async () => {
  const [one, two] = [await open("w1"), await open("w2")];
  const demand = demandOf({ requestsPerMinute: 10 });
  for (let call = 0; call < 4; call++) expect(await kindOf(one, demand)).toBe("reserved");
  control = null;
  await clock.advance(2000);
  expect(states).toContain("away");
  let admitted = 4;
  for (const worker of [one, two, two, two, one, two, two, two]) if ((await kindOf(worker, demand)) === "reserved") admitted++;
  expect(admitted).toBeGreaterThan(6);
  control = new MemoryLeaseAuthority({ monotonicMs: clock.nowMs });
  await one.meet();
  await two.meet();
  await clock.advance(4000);
  expect(states.at(-1)).toBe("ok");
  for (let call = 0; call < 10; call++) {
    for (const worker of [one, two]) if ((await kindOf(worker, demand)) === "reserved") admitted++;
  }
  expect(admitted).toBe(10);
});

test("while the ledger can't be read, what control knew of a budget counts", async () => {
  ledger.isAway = true;
  const worker = await WorkerAllowances.open({
    redis: { url: null, timeoutMs: 10 },
    authority: channel,
    timeoutMs: 100,
    reader: ledger,
    processId: "w9",
    processes: 1,
    knownSpend: new Map([["key:key_a 0", 900]]),
    hasCaughtUp: () => true,
    clock,
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    monotonicMs: clock.nowMs,
  });
  workers.push(worker);
  await worker.prepare(content);
  expect(await kindOf(worker, demandOf({ budget }, { costNanoUsd: 101 }))).toBe("budget");
  expect(await kindOf(worker, demandOf({ budget }, { costNanoUsd: 100 }))).toBe("reserved");
});
