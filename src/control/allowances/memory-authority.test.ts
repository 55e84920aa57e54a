// A request takes from all of its allowances or from none, none is exceeded, and what is kept is bounded.
import { describe, expect, test } from "vitest";
import { between, seededRandom } from "../../../test/support/random.ts";
import type { RateCharge } from "../../domain/allowance.ts";
import { noLimits } from "../../domain/limits.ts";
import { MemoryAuthority } from "./memory-authority.ts";

const startMs = 1_750_000_000_000;

function charge(subject: string, requestsPerSecond: number | null, requestsPerMinute: number | null = null): RateCharge {
  return { subject, limits: { requestsPerSecond, requestsPerMinute } };
}

test("a refused request costs nothing anywhere", () => {
  const authority = new MemoryAuthority();
  const key = charge("key:a", 3);
  const group = charge("group:b", 1);
  expect(authority.takeRequest([key, group], startMs)).toBeNull();
  for (let again = 0; again < 10; again++) {
    expect(authority.takeRequest([key, group], startMs + 1)).toEqual({
      charge: group,
      limit: "requests_per_second",
      retryAfterMs: 1000,
    });
  }
  // The key has two left.
  expect(authority.takeRequest([key], startMs + 2)).toBeNull();
  expect(authority.takeRequest([key], startMs + 2)).toBeNull();
  expect(authority.takeRequest([key], startMs + 2)?.charge).toBe(key);
  expect(authority.takeRequest([key, group], startMs + 1001)).toBeNull();
});

test("the refusal that lasts longest is told, whichever comes first", () => {
  const authority = new MemoryAuthority();
  const user = charge("user:u", 1, 2);
  const model = charge("model:m", null, 2);
  expect(authority.takeRequest([user, model], startMs)).toBeNull();
  expect(authority.takeRequest([user, model], startMs + 1)).toEqual({
    charge: user,
    limit: "requests_per_second",
    retryAfterMs: 1000,
  });
  expect(authority.takeRequest([model], startMs + 500)).toBeNull();
  for (const charges of [
    [user, model],
    [model, user],
  ]) {
    expect(authority.takeRequest(charges, startMs + 600)).toEqual({
      charge: model,
      limit: "requests_per_minute",
      retryAfterMs: 59_410,
    });
  }
  expect(authority.takeRequest([user, model], startMs + 600 + 59_409)).not.toBeNull();
  expect(authority.takeRequest([user, model], startMs + 600 + 59_410)).toBeNull();
});

test("callers don't take from each other, and what is not limited is not kept", () => {
  const authority = new MemoryAuthority();
  for (let taken = 0; taken < 30; taken++) {
    expect(authority.takeRequest([charge("user:a", 10), { subject: "key:k", limits: noLimits }], startMs) === null).toBe(
      taken < 10,
    );
  }
  expect(authority.size).toBe(1);
  for (let taken = 0; taken < 10; taken++) expect(authority.takeRequest([charge("user:b", 10)], startMs)).toBeNull();
  expect(authority.takeRequest([], startMs)).toBeNull();
});

test("a subject that is named twice gives one request", () => {
  const authority = new MemoryAuthority();
  const group = charge("group:g", 2);
  expect(authority.takeRequest([group, group], startMs)).toBeNull();
  expect(authority.takeRequest([group, group], startMs)).toBeNull();
  expect(authority.takeRequest([group], startMs)).not.toBeNull();
});

test("a limit that is changed, set or taken away holds for the next request", () => {
  const authority = new MemoryAuthority();
  for (let taken = 0; taken < 5; taken++) expect(authority.takeRequest([charge("key:a", null, 5)], startMs)).toBeNull();
  expect(authority.takeRequest([charge("key:a", null, 5)], startMs + 1)).not.toBeNull();
  expect(authority.takeRequest([charge("key:a", null, 6)], startMs + 1)).toBeNull();
  expect(authority.takeRequest([charge("key:a", null, 1)], startMs + 1)?.retryAfterMs).toBe(60_009);
  // What counts in a minute says nothing about the second, which begins with the request that is first held to it.
  expect(authority.takeRequest([charge("key:a", 1, 7)], startMs + 2)).toBeNull();
  expect(authority.takeRequest([charge("key:a", 1, 9)], startMs + 3)).toMatchObject({ limit: "requests_per_second" });
  expect(authority.takeRequest([charge("key:a", null, 9)], startMs + 3)).toBeNull();
  expect(authority.takeRequest([{ subject: "key:a", limits: noLimits }], startMs + 3)).toBeNull();
});

describe("what is kept", () => {
  test("idle subjects are dropped as requests come in, those that count are not", () => {
    const authority = new MemoryAuthority();
    for (let index = 0; index < 500; index++) authority.takeRequest([charge(`user:${index}`, 5)], startMs);
    for (let index = 0; index < 500; index++) authority.takeRequest([charge(`key:${index}`, null, 1)], startMs);
    expect(authority.size).toBe(1000);
    for (let call = 0; call < 200; call++) authority.takeRequest([charge("model:m", null, 1000)], startMs + 2000);
    expect(authority.size).toBe(501);
    for (let index = 0; index < 500; index++)
      expect(authority.takeRequest([charge(`key:${index}`, null, 1)], startMs + 2000)).not.toBeNull();
    for (let call = 0; call < 200; call++) authority.takeRequest([charge("model:m", null, 1000)], startMs + 60_020);
    expect(authority.size).toBe(1);
  });

  test("at the bound an idle one goes before any that counts, whichever limits it has and however old it is", () => {
    const authority = new MemoryAuthority({ subjectsMax: 20 });
    for (let index = 0; index < 10; index++) authority.takeRequest([charge(`minute:${index}`, null, 1)], startMs + index);
    for (let index = 0; index < 10; index++) authority.takeRequest([charge(`second:${index}`, 1)], startMs + 100 + index);
    // One request adds ten at once: more than are dropped on the way in.
    const added = Array.from({ length: 10 }, (_, index) => charge(`new:${index}`, null, 1));
    expect(authority.takeRequest(added, startMs + 2000)).toBeNull();
    expect(authority.size).toBe(20);
    for (let index = 0; index < 10; index++) {
      expect(authority.takeRequest([charge(`minute:${index}`, null, 1)], startMs + 2001)).not.toBeNull();
    }
    for (const one of added) expect(authority.takeRequest([one], startMs + 2001)).not.toBeNull();
  });

  test("with nothing idle the one whose counts leave first makes room, and the bound holds", () => {
    const authority = new MemoryAuthority({ subjectsMax: 3 });
    authority.takeRequest([charge("a", null, 1)], startMs);
    authority.takeRequest([charge("b", null, 1)], startMs + 10);
    authority.takeRequest([charge("c", 1)], startMs + 20);
    expect(authority.takeRequest([charge("d", null, 1)], startMs + 30)).toBeNull();
    expect(authority.size).toBe(3);
    expect(authority.takeRequest([charge("a", null, 1)], startMs + 40)).not.toBeNull();
    expect(authority.takeRequest([charge("b", null, 1)], startMs + 40)).not.toBeNull();
    expect(authority.takeRequest([charge("c", 1)], startMs + 40)).toBeNull();
    expect(authority.size).toBe(3);
    expect(authority.takeRequest([charge("b", null, 1)], startMs + 40)).not.toBeNull();
    expect(authority.takeRequest([charge("a", null, 1)], startMs + 40)).toBeNull();
  });
});

/** When requests of one subject were admitted, and since when its limits are what they are. */
interface Tally {
  requestsPerSecond: number | null;
  requestsPerMinute: number | null;
  takenAtMs: number[];
}

const seeds = Array.from({ length: 10 }, () => Math.floor(Math.random() * 2 ** 31));

test.each(seeds)(
  "random requests under random limits are admitted exactly when all their allowances have room (seed %i)",
  (seed) => {
    const random = seededRandom(seed);
    const limitOrNull = (most: number) => (random() < 0.3 ? null : between(random, 1, most));
    const tallies = new Map<string, Tally>();
    for (let index = 0; index < 12; index++) {
      const perSecond = limitOrNull(8);
      tallies.set(`s${index}`, {
        requestsPerSecond: perSecond,
        requestsPerMinute: perSecond === null ? between(random, 1, 60) : limitOrNull(60),
        takenAtMs: [],
      });
    }
    const authority = new MemoryAuthority({ subjectsMax: 12 });
    const names = [...tallies.keys()];
    /** Admissions that count in the model: to the end of their slot and a window more. */
    const counted = ({ takenAtMs }: Tally, windowMs: number, slotMs: number, nowMs: number) =>
      takenAtMs.filter((atMs) => nowMs < (Math.floor(atMs / slotMs) + 1) * slotMs + windowMs).length;
    const hasRoom = (tally: Tally, nowMs: number) =>
      counted(tally, 1000, 1, nowMs) < (tally.requestsPerSecond ?? Number.POSITIVE_INFINITY) &&
      counted(tally, 60_000, 10, nowMs) < (tally.requestsPerMinute ?? Number.POSITIVE_INFINITY);

    let nowMs = startMs;
    let refused = 0;
    for (let call = 0; call < 4000; call++) {
      nowMs += random() < 0.01 ? between(random, 0, 30_000) : between(random, 0, 120);
      const chosen = names.filter(() => random() < 0.2);
      if (random() < 0.02) {
        // Only limits that are set are moved: one that is taken away forgets its counts, which a test above covers.
        const tally = tallies.get(names[between(random, 0, names.length - 1)] as string) as Tally;
        if (tally.requestsPerSecond !== null) tally.requestsPerSecond = between(random, 1, 8);
        if (tally.requestsPerMinute !== null) tally.requestsPerMinute = between(random, 1, 60);
      }
      const charges = chosen.map((name): RateCharge => {
        const { requestsPerSecond, requestsPerMinute } = tallies.get(name) as Tally;
        return { subject: name, limits: { requestsPerSecond, requestsPerMinute } };
      });
      const drawnOn = chosen.map((name) => tallies.get(name) as Tally);
      const refusal = authority.takeRequest(charges, nowMs);
      expect(refusal === null).toBe(drawnOn.every((tally) => hasRoom(tally, nowMs)));
      if (refusal === null) {
        for (const tally of drawnOn) tally.takenAtMs.push(nowMs);
      } else {
        refused++;
        const retryAtMs = nowMs + refusal.retryAfterMs;
        expect(drawnOn.every((tally) => hasRoom(tally, retryAtMs))).toBe(true);
        expect(hasRoom(tallies.get(refusal.charge.subject) as Tally, retryAtMs - 1)).toBe(false);
      }
    }
    expect(refused).toBeGreaterThan(100);
    expect(refused).toBeLessThan(3900);
  },
);
