// A request takes from all of its allowances or from none, none is exceeded, and what is kept is bounded.
import { describe, expect, test } from "vitest";
import { between, seededRandom } from "../../../test/support/random.ts";
import type { Charge, Demand, Refusal, Reservation } from "../../domain/allowance.ts";
import { type Budget, type Limits, noLimits } from "../../domain/limits.ts";
import { MemoryAuthority } from "./memory-authority.ts";
import { SpendAccount } from "./spend-account.ts";

const startMs = 1_750_000_000_000;

function charge(subject: string, requestsPerSecond: number | null, requestsPerMinute: number | null = null): Charge {
  return { subject, limits: { ...noLimits, requestsPerSecond, requestsPerMinute } };
}

function chargeOf(subject: string, limits: Partial<Limits>): Charge {
  return { subject, limits: { ...noLimits, ...limits } };
}

/** What is asked for: nothing but a request, unless said otherwise. */
function demand(charges: readonly Charge[], wanted: Partial<Demand> = {}): Demand {
  return { charges, payer: "group:payer", tokens: 0, costNanoUsd: 0, isGuess: false, ...wanted };
}

/** A call that is over at once. Null: it was admitted. */
function take(authority: MemoryAuthority, charges: readonly Charge[], nowMs: number) {
  const answer = authority.reserve(demand(charges), nowMs);
  if (answer.kind === "reserved") {
    answer.settle({ tokens: 0, costNanoUsd: 0 }, nowMs);
    return null;
  }
  if (answer.kind !== "rate") throw new Error(`refused by ${answer.kind}`);
  const { charge: refusing, limit, retryAfterMs } = answer;
  return { charge: refusing, limit, retryAfterMs };
}

function admitted(answer: Reservation | Refusal): Reservation {
  if (answer.kind !== "reserved") throw new Error(`refused by ${answer.kind}`);
  return answer;
}

const budget: Budget = { limitNanoUsd: 1000, period: "day", timeZone: "UTC", unpriced: "deny" };

test("a refused request costs nothing anywhere", () => {
  const authority = new MemoryAuthority();
  const key = charge("key:a", 3);
  const group = charge("group:b", 1);
  expect(take(authority, [key, group], startMs)).toBeNull();
  for (let again = 0; again < 10; again++) {
    expect(take(authority, [key, group], startMs + 1)).toEqual({
      charge: group,
      limit: "requests_per_second",
      retryAfterMs: 1000,
    });
  }
  // The key has two left.
  expect(take(authority, [key], startMs + 2)).toBeNull();
  expect(take(authority, [key], startMs + 2)).toBeNull();
  expect(take(authority, [key], startMs + 2)?.charge).toBe(key);
  expect(take(authority, [key, group], startMs + 1001)).toBeNull();
});

test("the refusal that lasts longest is told, whichever comes first", () => {
  const authority = new MemoryAuthority();
  const user = charge("user:u", 1, 2);
  const model = charge("model:m", null, 2);
  expect(take(authority, [user, model], startMs)).toBeNull();
  expect(take(authority, [user, model], startMs + 1)).toEqual({
    charge: user,
    limit: "requests_per_second",
    retryAfterMs: 1000,
  });
  expect(take(authority, [model], startMs + 500)).toBeNull();
  for (const charges of [
    [user, model],
    [model, user],
  ]) {
    expect(take(authority, charges, startMs + 600)).toEqual({
      charge: model,
      limit: "requests_per_minute",
      retryAfterMs: 59_410,
    });
  }
  expect(take(authority, [user, model], startMs + 600 + 59_409)).not.toBeNull();
  expect(take(authority, [user, model], startMs + 600 + 59_410)).toBeNull();
});

test("callers don't take from each other, and what is not limited is not kept", () => {
  const authority = new MemoryAuthority();
  for (let taken = 0; taken < 30; taken++) {
    expect(take(authority, [charge("user:a", 10), { subject: "key:k", limits: noLimits }], startMs) === null).toBe(taken < 10);
  }
  expect(authority.size).toBe(1);
  for (let taken = 0; taken < 10; taken++) expect(take(authority, [charge("user:b", 10)], startMs)).toBeNull();
  expect(take(authority, [], startMs)).toBeNull();
});

test("a subject that is named twice gives one request", () => {
  const authority = new MemoryAuthority();
  const group = charge("group:g", 2);
  expect(take(authority, [group, group], startMs)).toBeNull();
  expect(take(authority, [group, group], startMs)).toBeNull();
  expect(take(authority, [group], startMs)).not.toBeNull();
});

test("a limit that is changed, set or taken away holds for the next request", () => {
  const authority = new MemoryAuthority();
  for (let taken = 0; taken < 5; taken++) expect(take(authority, [charge("key:a", null, 5)], startMs)).toBeNull();
  expect(take(authority, [charge("key:a", null, 5)], startMs + 1)).not.toBeNull();
  expect(take(authority, [charge("key:a", null, 6)], startMs + 1)).toBeNull();
  expect(take(authority, [charge("key:a", null, 1)], startMs + 1)?.retryAfterMs).toBe(60_009);
  // What counts in a minute says nothing about the second, which begins with the request that is first held to it.
  expect(take(authority, [charge("key:a", 1, 7)], startMs + 2)).toBeNull();
  expect(take(authority, [charge("key:a", 1, 9)], startMs + 3)).toMatchObject({ limit: "requests_per_second" });
  expect(take(authority, [charge("key:a", null, 9)], startMs + 3)).toBeNull();
  expect(take(authority, [{ subject: "key:a", limits: noLimits }], startMs + 3)).toBeNull();
});

describe("tokens", () => {
  test("a stated maximum has to fit as a whole, and is replaced by what was used, as of the admission", () => {
    const authority = new MemoryAuthority();
    const key = chargeOf("key:a", { tokensPerMinute: 100 });
    const first = admitted(authority.reserve(demand([key], { tokens: 70 }), startMs));
    expect(first.standing.tokens).toMatchObject({ limit: 100, remaining: 30 });
    expect(authority.reserve(demand([key], { tokens: 31 }), startMs + 1)).toMatchObject({
      kind: "rate",
      limit: "tokens_per_minute",
      retryAfterMs: 60_009 - (startMs % 10),
    });
    first.settle({ tokens: 20, costNanoUsd: 0 }, startMs + 30_000);
    // A second time is none.
    first.settle({ tokens: 0, costNanoUsd: 0 }, startMs + 30_000);
    const second = admitted(authority.reserve(demand([key], { tokens: 80 }), startMs + 30_000));
    second.settle({ tokens: 80, costNanoUsd: 0 }, startMs + 30_001);
    expect(authority.reserve(demand([key], { tokens: 1 }), startMs + 40_000)).toMatchObject({ retryAfterMs: 20_010 });
    expect(admitted(authority.reserve(demand([key], { tokens: 20 }), startMs + 60_010)).standing.tokens?.remaining).toBe(0);
  });

  test("what is used beyond the estimate counts, from the admission, or from the end where that has left the window", () => {
    const authority = new MemoryAuthority();
    const key = chargeOf("key:a", { tokensPerMinute: 100 });
    const soon = admitted(authority.reserve(demand([key], { tokens: 10 }), startMs));
    const late = admitted(authority.reserve(demand([key], { tokens: 10 }), startMs));
    soon.settle({ tokens: 100, costNanoUsd: 0 }, startMs + 10_000);
    expect(authority.reserve(demand([key], { tokens: 1 }), startMs + 10_000)).toMatchObject({ retryAfterMs: 50_010 });
    late.settle({ tokens: 110, costNanoUsd: 0 }, startMs + 70_000);
    expect(authority.reserve(demand([key], { tokens: 1 }), startMs + 70_000)).toMatchObject({ retryAfterMs: 60_010 });
  });

  test("more than the limit is refused for good, a guess takes what is left", () => {
    const authority = new MemoryAuthority();
    const key = chargeOf("key:a", { tokensPerMinute: 30 });
    expect(authority.reserve(demand([key], { tokens: 31 }), startMs)).toMatchObject({
      limit: "tokens_per_minute",
      retryAfterMs: null,
    });
    const first = admitted(authority.reserve(demand([key], { tokens: 1024, isGuess: true }), startMs));
    expect(authority.reserve(demand([key], { tokens: 1024, isGuess: true }), startMs)).toMatchObject({ retryAfterMs: 60_010 });
    first.settle({ tokens: 25, costNanoUsd: 0 }, startMs);
    const second = admitted(authority.reserve(demand([key], { tokens: 1024, isGuess: true }), startMs));
    expect(second.standing.tokens?.remaining).toBe(0);
    second.settle({ tokens: 25, costNanoUsd: 0 }, startMs);
    expect(authority.reserve(demand([key], { tokens: 1, isGuess: true }), startMs).kind).toBe("rate");
    // What uses none is not held up.
    expect(authority.reserve(demand([key]), startMs).kind).toBe("reserved");
  });
});

test("calls at once are counted until they end", () => {
  const authority = new MemoryAuthority();
  const key = chargeOf("key:a", { concurrentRequests: 2 });
  const first = admitted(authority.reserve(demand([key]), startMs));
  admitted(authority.reserve(demand([key]), startMs));
  expect(authority.reserve(demand([key]), startMs)).toMatchObject({ limit: "concurrent_requests", retryAfterMs: 1000 });
  expect(authority.reserve(demand([chargeOf("key:a", { concurrentRequests: 3 })]), startMs).kind).toBe("reserved");
  first.settle({ tokens: 0, costNanoUsd: 0 }, startMs);
  first.settle({ tokens: 0, costNanoUsd: 0 }, startMs);
  expect(authority.reserve(demand([key]), startMs).kind).toBe("rate");
});

describe("budgets", () => {
  test("spent, reserved and wanted together stay within it; what it costs takes the place of what was reserved", () => {
    const authority = new MemoryAuthority();
    const key = chargeOf("key:a", { budget });
    const first = admitted(authority.reserve(demand([key], { costNanoUsd: 600 }), startMs));
    expect(authority.reserve(demand([key], { costNanoUsd: 401 }), startMs)).toMatchObject({
      kind: "budget",
      spentNanoUsd: 0,
      reservedNanoUsd: 600,
      resetsAtMs: Math.floor(startMs / 86_400_000 + 1) * 86_400_000,
    });
    first.settle({ tokens: 0, costNanoUsd: 100 }, startMs);
    const second = admitted(authority.reserve(demand([key], { costNanoUsd: 900 }), startMs));
    expect(authority.reserve(demand([key], { costNanoUsd: 1 }), startMs)).toMatchObject({
      spentNanoUsd: 100,
      reservedNanoUsd: 900,
    });
    // What is free is always admitted.
    expect(authority.reserve(demand([key], { costNanoUsd: 0 }), startMs).kind).toBe("reserved");
    second.settle({ tokens: 0, costNanoUsd: 900 }, startMs);
    expect(authority.reserve(demand([key], { costNanoUsd: 5000, isGuess: true }), startMs)).toMatchObject({
      kind: "budget",
      spentNanoUsd: 1000,
    });
  });

  test("a guess takes what is left", () => {
    const authority = new MemoryAuthority();
    const key = chargeOf("key:a", { budget });
    const call = admitted(authority.reserve(demand([key], { costNanoUsd: 5000, isGuess: true }), startMs));
    expect(authority.reserve(demand([key], { costNanoUsd: 1, isGuess: true }), startMs)).toMatchObject({ reservedNanoUsd: 1000 });
    call.settle({ tokens: 0, costNanoUsd: 999 }, startMs);
    expect(authority.reserve(demand([key], { costNanoUsd: 5000, isGuess: true }), startMs).kind).toBe("reserved");
  });

  test("lowered below what is spent it blocks at once, raised it admits at once, and another period is another account", () => {
    const authority = new MemoryAuthority();
    const of = (changed: Partial<Budget>) =>
      demand([chargeOf("key:a", { budget: { ...budget, ...changed } })], { costNanoUsd: 500 });
    admitted(authority.reserve(of({}), startMs)).settle({ tokens: 0, costNanoUsd: 500 }, startMs);
    expect(authority.reserve(of({ limitNanoUsd: 400 }), startMs)).toMatchObject({ kind: "budget", spentNanoUsd: 500 });
    expect(authority.reserve(of({ limitNanoUsd: 999 }), startMs).kind).toBe("budget");
    admitted(authority.reserve(of({ limitNanoUsd: 1000 }), startMs)).settle({ tokens: 0, costNanoUsd: 500 }, startMs);
    expect(authority.reserve(of({}), startMs).kind).toBe("budget");
    expect(authority.reserve(of({ period: "total" }), startMs).kind).toBe("reserved");
  });

  test("what a call costs belongs to the period that it was admitted in", () => {
    const authority = new MemoryAuthority();
    const midnightMs = Math.ceil(startMs / 86_400_000) * 86_400_000;
    const wanted = demand([chargeOf("key:a", { budget })], { costNanoUsd: 1000 });
    const before = admitted(authority.reserve(wanted, midnightMs - 1));
    const after = admitted(authority.reserve(wanted, midnightMs));
    before.settle({ tokens: 0, costNanoUsd: 1000 }, midnightMs + 10);
    after.settle({ tokens: 0, costNanoUsd: 0 }, midnightMs + 20);
    expect(authority.reserve(wanted, midnightMs + 30).kind).toBe("reserved");
    // A clock that is set back finds it spent.
    expect(authority.reserve(wanted, midnightMs - 1)).toMatchObject({ kind: "budget", spentNanoUsd: 1000 });
  });

  test("of several groups that of the one that pays counts, the rates of all do", () => {
    const authority = new MemoryAuthority();
    const charges = [
      chargeOf("group:payer", { budget }),
      chargeOf("group:other", { budget: { ...budget, limitNanoUsd: 0 }, requestsPerMinute: 1 }),
    ];
    expect(authority.reserve(demand(charges, { costNanoUsd: 1 }), startMs).kind).toBe("reserved");
    expect(authority.reserve(demand(charges, { costNanoUsd: 1 }), startMs)).toMatchObject({ kind: "rate", charge: charges[1] });
  });

  test("a model without a price is refused unless the budget lets it, and that before all else; a budget before a rate", () => {
    const authority = new MemoryAuthority();
    const denying = chargeOf("key:a", { budget });
    const allowing = chargeOf("user:u", { budget: { ...budget, limitNanoUsd: 0, unpriced: "allow" } });
    expect(authority.reserve(demand([allowing], { costNanoUsd: null }), startMs).kind).toBe("reserved");
    expect(authority.reserve(demand([allowing, denying], { costNanoUsd: null }), startMs)).toMatchObject({
      kind: "unpriced",
      charge: denying,
    });
    const rated = chargeOf("model:m", { requestsPerMinute: 1 });
    expect(authority.reserve(demand([rated]), startMs).kind).toBe("reserved");
    expect(authority.reserve(demand([rated, allowing], { costNanoUsd: 1 }), startMs)).toMatchObject({
      kind: "budget",
      charge: allowing,
    });
    expect(authority.reserve(demand([rated, denying], { costNanoUsd: null }), startMs).kind).toBe("unpriced");
  });
});

test("the headers show the tightest window, admitted or refused", () => {
  const authority = new MemoryAuthority();
  const key = chargeOf("key:a", { requestsPerMinute: 3, tokensPerMinute: 500 });
  const group = chargeOf("group:g", { requestsPerMinute: 2, requestsPerSecond: 50, tokensPerMinute: 900 });
  const alignedMs = Math.floor(startMs / 10) * 10;
  const { standing } = admitted(authority.reserve(demand([key, group], { tokens: 100 }), alignedMs));
  expect(standing).toEqual({
    requests: { limit: 2, remaining: 1, resetMs: 60_010 },
    tokens: { limit: 500, remaining: 400, resetMs: 60_010 },
  });
  authority.reserve(demand([key, group], { tokens: 100 }), alignedMs + 1000);
  expect(authority.reserve(demand([key, group], { tokens: 100 }), alignedMs + 2000).standing).toEqual({
    requests: { limit: 2, remaining: 0, resetMs: 59_010 },
    tokens: { limit: 500, remaining: 300, resetMs: 59_010 },
  });
});

describe("what is kept", () => {
  test("a subject with calls under way or a budget outlives the bound and its idleness", () => {
    const authority = new MemoryAuthority({ subjectsMax: 3 });
    const busy = chargeOf("key:busy", { concurrentRequests: 1 });
    const paying = chargeOf("key:paying", { budget });
    const call = admitted(authority.reserve(demand([busy]), startMs));
    admitted(authority.reserve(demand([paying], { costNanoUsd: 1000 }), startMs));
    for (let index = 0; index < 50; index++) take(authority, [charge(`user:${index}`, 1)], startMs + 5000 * index);
    expect(authority.reserve(demand([busy]), startMs + 300_000).kind).toBe("rate");
    expect(authority.reserve(demand([paying], { costNanoUsd: 1 }), startMs + 300_000).kind).toBe("budget");
    expect(authority.size).toBeLessThanOrEqual(4);
    call.settle({ tokens: 0, costNanoUsd: 0 }, startMs + 300_000);
    expect(authority.reserve(demand([busy]), startMs + 300_000).kind).toBe("reserved");
  });

  test("a budget that is gone takes no counts of rates along", () => {
    const accounts = new Map<string, SpendAccount>();
    const of = (subject: string, periodMs: number) => {
      const account = accounts.get(subject) ?? new SpendAccount(subject, periodMs, "ledger");
      accounts.set(subject, account);
      return account;
    };
    const authority = new MemoryAuthority({ accounts: { of } });
    const key = chargeOf("key:a", { budget, requestsPerMinute: 1 });
    expect(take(authority, [key], startMs)).toBeNull();
    // The day is over, or an administrator has taken the budget away.
    (accounts.get("key:a") as SpendAccount).isDropped = true;
    authority.sweep(startMs + 10_000);
    expect(take(authority, [charge("key:a", null, 1)], startMs + 10_000)).not.toBeNull();
    authority.sweep(startMs + 70_000);
    for (let call = 0; call < 2; call++) take(authority, [charge("user:u", 5)], startMs + 70_000 + call);
    expect(authority.subject("key:a")).toBeUndefined();
  });

  test("idle subjects are dropped as requests come in, those that count are not", () => {
    const authority = new MemoryAuthority();
    for (let index = 0; index < 500; index++) take(authority, [charge(`user:${index}`, 5)], startMs);
    for (let index = 0; index < 500; index++) take(authority, [charge(`key:${index}`, null, 1)], startMs);
    expect(authority.size).toBe(1000);
    for (let call = 0; call < 200; call++) take(authority, [charge("model:m", null, 1000)], startMs + 2000);
    expect(authority.size).toBe(501);
    for (let index = 0; index < 500; index++)
      expect(take(authority, [charge(`key:${index}`, null, 1)], startMs + 2000)).not.toBeNull();
    for (let call = 0; call < 200; call++) take(authority, [charge("model:m", null, 1000)], startMs + 60_020);
    expect(authority.size).toBe(1);
  });

  test("at the bound an idle one goes before any that counts, whichever limits it has and however old it is", () => {
    const authority = new MemoryAuthority({ subjectsMax: 20 });
    for (let index = 0; index < 10; index++) take(authority, [charge(`minute:${index}`, null, 1)], startMs + index);
    for (let index = 0; index < 10; index++) take(authority, [charge(`second:${index}`, 1)], startMs + 100 + index);
    // One request adds ten at once: more than are dropped on the way in.
    const added = Array.from({ length: 10 }, (_, index) => charge(`new:${index}`, null, 1));
    expect(take(authority, added, startMs + 2000)).toBeNull();
    expect(authority.size).toBe(20);
    for (let index = 0; index < 10; index++) {
      expect(take(authority, [charge(`minute:${index}`, null, 1)], startMs + 2001)).not.toBeNull();
    }
    for (const one of added) expect(take(authority, [one], startMs + 2001)).not.toBeNull();
  });

  test("with nothing idle the one whose counts leave first makes room, and the bound holds", () => {
    const authority = new MemoryAuthority({ subjectsMax: 3 });
    take(authority, [charge("a", null, 1)], startMs);
    take(authority, [charge("b", null, 1)], startMs + 10);
    take(authority, [charge("c", 1)], startMs + 20);
    expect(take(authority, [charge("d", null, 1)], startMs + 30)).toBeNull();
    expect(authority.size).toBe(3);
    expect(take(authority, [charge("a", null, 1)], startMs + 40)).not.toBeNull();
    expect(take(authority, [charge("b", null, 1)], startMs + 40)).not.toBeNull();
    expect(take(authority, [charge("c", 1)], startMs + 40)).toBeNull();
    expect(authority.size).toBe(3);
    expect(take(authority, [charge("b", null, 1)], startMs + 40)).not.toBeNull();
    expect(take(authority, [charge("a", null, 1)], startMs + 40)).toBeNull();
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
      const charges = chosen.map((name): Charge => {
        const { requestsPerSecond, requestsPerMinute } = tallies.get(name) as Tally;
        return charge(name, requestsPerSecond, requestsPerMinute);
      });
      const drawnOn = chosen.map((name) => tallies.get(name) as Tally);
      const refusal = take(authority, charges, nowMs);
      expect(refusal === null).toBe(drawnOn.every((tally) => hasRoom(tally, nowMs)));
      if (refusal === null) {
        for (const tally of drawnOn) tally.takenAtMs.push(nowMs);
      } else {
        refused++;
        const retryAtMs = nowMs + (refusal.retryAfterMs as number);
        expect(drawnOn.every((tally) => hasRoom(tally, retryAtMs))).toBe(true);
        expect(hasRoom(tallies.get(refusal.charge.subject) as Tally, retryAtMs - 1)).toBe(false);
      }
    }
    expect(refused).toBeGreaterThan(100);
    expect(refused).toBeLessThan(3900);
  },
);
