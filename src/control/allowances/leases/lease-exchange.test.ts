// How a process gets back to an authority: in one round, however many reasons there are to try, and with all that counts.
import { beforeEach, expect, test } from "vitest";
import { createFakeClock, type FakeClock } from "../../../../test/support/fake-clock.ts";
import { demandOf, FakeLedger } from "../../../../test/support/shared-processes.ts";
import type { LeaseAnswer, LeaseAuthority, LeaseBatch } from "./lease-authority.ts";
import { LeasedAllowances } from "./leased-allowances.ts";
import { MemoryLeaseAuthority } from "./memory-lease-authority.ts";

let clock: FakeClock;
let way: Way;
let process: LeasedAllowances;

/** The way to an authority: it takes a while, can be broken, and remembers what went over it. */
class Way implements LeaseAuthority {
  authority = new MemoryLeaseAuthority({ monotonicMs: clock.nowMs, isFirst: true });
  isBroken = false;
  /** While each batch is on its way. */
  onBatch = () => {};
  said: { batch: LeaseBatch; answer: LeaseAnswer["kind"] | "none" }[] = [];

  async refill(batch: LeaseBatch): Promise<LeaseAnswer> {
    await new Promise(setImmediate);
    this.onBatch();
    const entry = { batch, answer: "none" as LeaseAnswer["kind"] | "none" };
    this.said.push(entry);
    if (this.isBroken) throw new Error("the way is broken");
    const answer = await this.authority.refill(batch);
    await new Promise(setImmediate);
    entry.answer = answer.kind;
    return answer;
  }

  /** Another has taken its place, which knows nothing. */
  lose(): void {
    this.authority = new MemoryLeaseAuthority({ monotonicMs: clock.nowMs });
    this.said = [];
  }

  async forget(): Promise<void> {}
  async close(): Promise<void> {}
}

beforeEach(async () => {
  clock = createFakeClock();
  way = new Way();
  process = new LeasedAllowances({
    authority: way,
    processId: "p1",
    reader: new FakeLedger(),
    clock,
    timeoutMs: 1000,
    monotonicMs: clock.nowMs,
  });
  await process.start();
});

async function admit(calls: number, requestsPerMinute = 100): Promise<number> {
  let admitted = 0;
  for (let call = 0; call < calls; call++) {
    if ((await process.reserve(demandOf({ requestsPerMinute }), clock.nowMs())).kind === "reserved") admitted++;
  }
  return admitted;
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
  expect(process.isIdle).toBe(true);
}

async function breakOff(): Promise<void> {
  way.isBroken = true;
  await clock.advance(3000);
  await settled();
  expect(process.state.status).toBe("away");
}

test("an authority that has lost everything is told in one round by whoever tries, the timer or the way that has come up", async () => {
  expect(await admit(40)).toBe(40);
  await breakOff();
  way.lose();
  way.isBroken = false;
  await Promise.all([process.meet(), process.meet(), clock.advance(1000)]);
  await settled();
  expect(process.state.status).toBe("ok");
  expect(way.said.filter(({ batch }) => batch.wasAway).map(({ answer }) => answer)).toEqual(["unknown", "done"]);
  expect(await admit(100)).toBe(60);
});

test("a way that comes up while a try is on its way to nowhere is tried at once", async () => {
  await breakOff();
  let met: Promise<void> | null = null;
  way.onBatch = () => {
    if (met !== null) return;
    met = process.meet();
    // This batch is lost; the next one is not.
    setImmediate(() => (way.isBroken = false));
  };
  await clock.advance(1000);
  expect(met).not.toBeNull();
  await met;
  await settled();
  expect(process.state.status).toBe("ok");
});

test("one that loses everything again in the middle of the round is told all again", async () => {
  expect(await admit(40)).toBe(40);
  await breakOff();
  way.lose();
  way.isBroken = false;
  let batches = 0;
  way.onBatch = () => {
    if (++batches === 3) way.lose();
  };
  await process.meet();
  await settled();
  expect(process.state.status).toBe("ok");
  expect(await admit(100)).toBe(60);
});
