// What comes at once begins in order, a bounded part of it in each turn of the event loop, and nothing is left behind.
import { expect, test } from "vitest";
import { TurnQueue } from "./turn-queue.ts";

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** From `calls` on, they begin no call. */
function queueOfNumbers({ calls = Number.POSITIVE_INFINITY } = {}) {
  const started: number[] = [];
  const waits: number[] = [];
  const queue = new TurnQueue();
  const start = (item: number, waitedMs: number) => {
    started.push(item);
    waits.push(waitedMs);
    return item < calls;
  };
  const add = (item: number) => (queue.take() ? start(item, 0) : queue.wait((waitedMs) => start(item, waitedMs)));
  return { queue, add, started, waits };
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

test("a few begin at once, without having waited", () => {
  const { queue, add, started, waits } = queueOfNumbers();
  for (const item of upTo(64)) add(item);
  expect(started).toEqual(upTo(64));
  expect(new Set(waits)).toEqual(new Set([0]));
  expect(queue.length).toBe(0);
});

test("of a crowd 64 begin in each turn, in the order in which they came, those that come later behind the others", async () => {
  const { queue, add, started } = queueOfNumbers();
  for (const item of upTo(3000)) add(item);
  expect(started).toHaveLength(64);
  expect(queue.length).toBe(2936);
  let turns = 0;
  for (; queue.length > 0; turns++) {
    const before = started.length;
    await nextTurn();
    if (turns === 0) add(3000);
    expect(started.length - before).toBeLessThanOrEqual(64);
  }
  expect(turns).toBeGreaterThanOrEqual(2937 / 64);
  expect(started).toEqual(upTo(3001));
  // once it is empty, the next begins at once again
  await nextTurn();
  add(-1);
  expect(started.at(-1)).toBe(-1);
});

test("whoever waits is told for how long", async () => {
  const { queue, add, waits } = queueOfNumbers();
  for (const item of upTo(65)) add(item);
  const beganAtMs = performance.now();
  while (performance.now() - beganAtMs < 20);
  while (queue.length > 0) await nextTurn();
  expect(waits.at(-1)).toBeGreaterThanOrEqual(20);
});

test("those of whom no call begins take nobody's place", async () => {
  const { queue, add, started } = queueOfNumbers({ calls: 64 });
  for (const item of upTo(800)) add(item);
  expect(started).toHaveLength(64);
  await nextTurn();
  expect(started).toEqual(upTo(800));
  expect(queue.length).toBe(0);
});

test("flush begins all that wait, and from then on nobody waits", () => {
  const { queue, add, started } = queueOfNumbers();
  for (const item of upTo(1000)) add(item);
  queue.flush();
  expect(started).toEqual(upTo(1000));
  for (const item of upTo(100)) add(item);
  expect(started).toHaveLength(1100);
  expect(queue.length).toBe(0);
});
