// A call waits for its answer no longer than it may, is asked about again a few times where that helps, and is decided once.
import { beforeEach, expect, test } from "vitest";
import { createFakeClock, type FakeClock } from "../../../../test/support/fake-clock.ts";
import { type Waiting, WaitingCalls } from "./waiting-calls.ts";

const timeoutMs = 200;

let clock: FakeClock;
let calls: WaitingCalls;
let ends: string[];
beforeEach(() => {
  clock = createFakeClock();
  ends = [];
  calls = new WaitingCalls({ clock, monotonicMs: clock.nowMs, timeoutMs, onWaiting: () => {} });
});

function add(name: string): void {
  const end = (how: string) => () => ends.push(`${name} ${how}`);
  calls.add({ needs: [], admitted: end("admitted"), refused: end("refused"), unanswered: end("unanswered") });
}

test("each is decided without an answer when its time is over, and those that are decided before are left alone", async () => {
  add("first");
  await clock.advance(100);
  add("second");
  add("third");
  const [, second] = calls.take() as [Waiting, Waiting, Waiting];
  calls.decide(second, () => second.call.admitted([]));
  await clock.advance(99);
  expect(ends).toEqual(["second admitted"]);
  await clock.advance(1);
  expect(ends).toEqual(["second admitted", "first unanswered"]);
  await clock.advance(100);
  expect(ends).toEqual(["second admitted", "first unanswered", "third unanswered"]);
  expect(clock.pending).toBe(0);
});

test("one whose time is over before it was asked about is not asked about", async () => {
  add("first");
  await clock.advance(timeoutMs);
  expect(calls.take()).toEqual([]);
});

test("one is asked about again five times, 20 ms after each answer", async () => {
  add("first");
  for (let time = 0; time < 5; time++) {
    const [waiting] = calls.take() as [Waiting];
    expect(calls.askAgain(waiting)).toBe(true);
    await clock.advance(19);
    expect(calls.size).toBe(0);
    await clock.advance(1);
    expect(calls.size).toBe(1);
  }
  const [waiting] = calls.take() as [Waiting];
  expect(calls.askAgain(waiting)).toBe(false);
});

test("one that is decided before it would have been asked about again is not", async () => {
  add("first");
  await clock.advance(190);
  const [waiting] = calls.take() as [Waiting];
  expect(calls.askAgain(waiting)).toBe(true);
  await clock.advance(20);
  expect(ends).toEqual(["first unanswered"]);
  expect(calls.size).toBe(0);
});

test("giving up decides those that nobody was asked about, and leaves those alone whose answer is on its way", () => {
  add("asked");
  calls.take();
  add("next");
  calls.giveUp();
  expect(ends).toEqual(["next unanswered"]);
  expect(calls.size).toBe(0);
});
