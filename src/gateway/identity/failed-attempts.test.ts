// One address can't ask about more than so many unproven tokens, all of them together neither; good ones are free.
import fc from "fast-check";
import { expect, test } from "vitest";
import { FailedAttempts } from "./failed-attempts.ts";

const startMs = 1_750_000_000_000;

interface Charged {
  key: string;
  atMs: number;
}

function most(charged: readonly Charged[], windowMs: number): number {
  return Math.max(
    0,
    ...charged.map(({ atMs }) => charged.filter((other) => other.atMs >= atMs && other.atMs < atMs + windowMs).length),
  );
}

test("no window holds more charges than allowed, of one address or of all, and a retry after the wait is charged", () => {
  const call = fc.record({
    key: fc.constantFrom("a", "b", "c", "d"),
    gapMs: fc.oneof(fc.constant(0), fc.nat(50), fc.nat(700)),
    isGood: fc.boolean(),
    takesMs: fc.nat(300),
  });
  fc.assert(
    fc.property(fc.array(call, { maxLength: 120 }), (calls) => {
      const attempts = new FailedAttempts({ attemptsMax: 3, windowMs: 4000, perSecondMax: 5 });
      let charged: Charged[] = [];
      let nowMs = startMs;
      for (const { key, gapMs, isGood, takesMs } of calls) {
        nowMs += gapMs;
        const own = charged.filter((one) => one.key === key && one.atMs > nowMs - 4000);
        const all = charged.filter((one) => one.atMs > nowMs - 1000);
        const waitMs = attempts.charge(key, nowMs);
        expect(waitMs === null).toBe(own.length < 3 && all.length < 5);
        if (waitMs !== null) {
          expect(attempts.charge(key, nowMs + waitMs - 1)).toBe(1);
          nowMs += waitMs;
          expect(attempts.charge(key, nowMs)).toBeNull();
        }
        charged.push({ key, atMs: nowMs });
        if (isGood) {
          const atMs = nowMs;
          nowMs += takesMs;
          attempts.refund(key, atMs);
          charged = charged.filter((one, index) => index !== charged.length - 1 || one.atMs !== atMs);
        }
        expect(most(charged, 1000)).toBeLessThanOrEqual(5);
        expect(
          most(
            charged.filter((one) => one.key === key),
            4000,
          ),
        ).toBeLessThanOrEqual(3);
      }
    }),
    { numRuns: 500 },
  );
});

test("10,000 unknown tokens from one address in a minute: 20 are asked about, and another address is not held back", () => {
  const attempts = new FailedAttempts();
  let charged = 0;
  for (let index = 0; index < 10_000; index++) if (attempts.charge("192.0.2.1", startMs + index * 5) === null) charged++;
  expect(charged).toBe(20);
  expect(attempts.charge("192.0.2.2", startMs + 50_000)).toBeNull();
  expect(attempts.charge("192.0.2.1", startMs + 60_000)).toBeNull();
});

test("10,000 unknown tokens in a second, each from an address of its own: 50 are asked about", () => {
  const attempts = new FailedAttempts({ keysMax: 100 });
  let charged = 0;
  for (let index = 0; index < 10_000; index++)
    if (attempts.charge(`address ${index}`, startMs + Math.floor(index / 11)) === null) charged++;
  expect(charged).toBe(50);
  expect(attempts.charge("another", startMs + 999)).toBe(1);
  expect(attempts.charge("another", startMs + 1000)).toBeNull();
});

test("one address with good tokens only may send any number, as long as no more than 20 are under way at once", () => {
  const attempts = new FailedAttempts();
  for (let index = 0; index < 1000; index++) {
    const atMs = startMs + index;
    expect(attempts.charge("office", atMs)).toBeNull();
    // 15 ms later, told with the time it is then.
    if (index >= 15) attempts.refund("office", atMs);
  }
});

test("good tokens don't prolong what bad ones cost", () => {
  const attempts = new FailedAttempts({ attemptsMax: 2 });
  expect(attempts.charge("a", startMs)).toBeNull();
  for (let second = 1; second < 60; second++) {
    const atMs = startMs + second * 1000;
    expect(attempts.charge("a", atMs)).toBeNull();
    attempts.refund("a", atMs);
  }
  expect(attempts.charge("a", startMs + 60_000)).toBeNull();
  expect(attempts.charge("a", startMs + 60_001)).toBeNull();
  expect(attempts.charge("a", startMs + 60_002)).toBe(59_998);
});

test("a refund without a charge, or of one that is forgotten, gives nothing", () => {
  const attempts = new FailedAttempts({ attemptsMax: 1, keysMax: 4 });
  attempts.refund("a", startMs);
  expect(attempts.charge("a", startMs)).toBeNull();
  attempts.refund("a", startMs - 1);
  attempts.refund("b", startMs);
  expect(attempts.charge("a", startMs)).toBe(60_000);
});

test("of many addresses those used last are remembered", () => {
  const attempts = new FailedAttempts({ attemptsMax: 1, keysMax: 100, perSecondMax: 10_000 });
  for (let index = 0; index < 1000; index++) expect(attempts.charge(`k${index}`, startMs)).toBeNull();
  expect(attempts.charge("k0", startMs + 1)).toBeNull();
  for (let index = 951; index < 1000; index++) expect(attempts.charge(`k${index}`, startMs + 1)).toBe(59_999);
});

test("a clock that is set back locks nobody out for longer than a window", () => {
  const attempts = new FailedAttempts({ attemptsMax: 1 });
  expect(attempts.charge("a", startMs)).toBeNull();
  expect(attempts.charge("a", startMs - 3_600_000)).toBeNull();
  expect(attempts.charge("a", startMs - 3_600_000 + 1)).toBe(59_999);
  // By less than a window: what was charged still counts, until its own time is over.
  expect(attempts.charge("a", startMs - 3_600_000 - 5000)).toBe(65_000);
});
