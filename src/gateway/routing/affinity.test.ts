// `affinity` keeps a session where it is, until that is loaded more than the others.
import { expect, test } from "vitest";
import { affinity } from "./affinity.ts";
import { candidate, load } from "./fixtures/candidate.ts";
import type { Candidate } from "./strategy.ts";

const context = (session: string | null) => ({ nowMs: 0, random: () => 0.5, session: () => session });
const idOf = (candidates: readonly Candidate[], session: string) =>
  affinity(candidates, context(session)).candidate.target.deployment.id;
const withLoads = (loads: Record<string, number>) =>
  Object.entries(loads).map(([id, inFlight]) => candidate({ id }, load(inFlight, null)));

test("where sessions go is the same in every release: caches survive a restart and an update", () => {
  const idle = withLoads({ dep_a: 0, dep_b: 0, dep_c: 0 });
  expect(["alice", "bob", "carol", "dave", "", "söng 🎵"].map((session) => idOf(idle, session))).toEqual([
    "dep_b",
    "dep_a",
    "dep_c",
    "dep_b",
    "dep_a",
    "dep_b",
  ]);
});

test("one attempt in flight displaces nobody, among however many", () => {
  const ids = Array.from({ length: 50 }, (_, index) => `dep_${index}`);
  const idle = ids.map((id) => candidate({ id }));
  for (let index = 0; index < 200; index++) {
    const home = idOf(idle, `s${index}`);
    const busy = ids.map((id) => candidate({ id }, load(id === home ? 1 : 0, null)));
    expect(idOf(busy, `s${index}`)).toBe(home);
  }
});

test("a session leaves for the next of its ranking above 1.25 × the mean, and for the one after that", () => {
  const idle = withLoads({ a: 0, b: 0, c: 0, d: 0 });
  const session = "conversation";
  const first = idOf(idle, session);
  const second = idOf(
    idle.filter(({ target }) => target.deployment.id !== first),
    session,
  );
  const third = idOf(
    idle.filter(({ target }) => ![first, second].includes(target.deployment.id)),
    session,
  );
  const others = { a: 20, b: 20, c: 20, d: 20 };
  // The mean of 4 with the call itself: (20 × 3 + n + 1) / 4.
  expect(idOf(withLoads({ ...others, [first]: 28 }), session)).toBe(first);
  expect(idOf(withLoads({ ...others, [first]: 32 }), session)).toBe(second);
  expect(idOf(withLoads({ ...others, [first]: 40, [second]: 40 }), session)).toBe(third);
  const displaced = affinity(withLoads({ ...others, [first]: 32 }), context(session));
  expect(displaced.why).toBe("affinity: next for the session, its own is loaded");
  expect(affinity(idle, context(session)).why).toBe("affinity: the session's own");
});

test("the mean is by weight: a heavier one may carry more", () => {
  const pool = (inFlight: number) => [
    candidate({ id: "heavy", weight: 9 }, load(inFlight, null)),
    candidate({ id: "light", weight: 1 }, load(10, null)),
  ];
  let session = 0;
  while (idOf(pool(0), `s${session}`) !== "heavy") session++;
  expect(idOf(pool(90), `s${session}`)).toBe("heavy");
  expect(idOf(pool(1000), `s${session}`)).toBe("heavy");
});

test("weight 0 takes no sessions while another can, and shares when there is nothing else", () => {
  const mixed = [candidate({ id: "zero", weight: 0 }), candidate({ id: "a" }), candidate({ id: "b" })];
  const zeros = ["a", "b"].map((id) => candidate({ id, weight: 0 }));
  const seen = { mixed: new Set<string>(), zeros: new Set<string>() };
  for (let index = 0; index < 100; index++) {
    seen.mixed.add(idOf(mixed, `s${index}`));
    seen.zeros.add(idOf(zeros, `s${index}`));
  }
  expect([...seen.mixed].sort()).toEqual(["a", "b"]);
  expect([...seen.zeros].sort()).toEqual(["a", "b"]);
});

test("without a session, balanced decides", () => {
  const pool = withLoads({ a: 50, b: 0 });
  const pick = affinity(pool, context(null));
  expect(pick.candidate).toBe(pool[1]);
  expect(pick.why).toMatch(/^affinity: no session; balanced: /);
});
