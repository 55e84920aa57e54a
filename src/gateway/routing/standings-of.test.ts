// The shares that are told are those that are drawn, to the chance that an idle slow one has of being tried.
import { expect, test } from "vitest";
import { seededRandom } from "../../../test/support/random.ts";
import { type Strategy, strategies } from "../../domain/pool.ts";
import { candidate, load } from "./fixtures/candidate.ts";
import { standingsOf } from "./standings-of.ts";
import type { Candidate } from "./strategy.ts";
import { strategyOf } from "./strategy-of.ts";

const draws = 20_000;

/** [weight, priority, in flight, expected ms] of each candidate. */
const pools: [weight: number, priority: number, inFlight: number, expectedMs: number | null][][] = [
  [[1, 0, 0, null]],
  [
    [1, 0, 0, null],
    [1, 0, 0, null],
  ],
  [
    [1, 0, 0, 600_000],
    [1, 0, 0, 10],
  ],
  [
    [1, 0, 1, 600_000],
    [1, 0, 0, 10],
  ],
  [
    [9, 0, 30, 100],
    [1, 0, 10, 100],
    [3, 0, 2, null],
  ],
  [
    [2, 0, 0, 20],
    [1, 0, 4, 45],
    [1, 0, 0, 60],
    [5, 0, 1, 3],
  ],
  [
    [0, 0, 0, 5],
    [2, 1, 0, 5],
    [1, 1, 3, 50],
    [9, 2, 0, 1],
  ],
  [
    [0, 1, 0, 5],
    [0, 1, 2, 500],
    [0, 2, 0, 5],
  ],
];

const cases = strategies.flatMap((name) => pools.map((_, pool) => [name, pool] as [Strategy, number]));

test.each(cases)("%s, pool %i: each candidate's share, and nothing of those that are not compared", (name, pool) => {
  const candidates: Candidate[] = (pools[pool] ?? []).map(([weight, priority, inFlight, expectedMs], index) =>
    candidate({ id: `dep_${index}`, weight, priority }, load(inFlight, expectedMs)),
  );
  for (const session of [null, "alice"]) {
    const random = seededRandom(pool + 1);
    const context = { nowMs: 0, session: () => session };
    const standings = standingsOf(name, candidates, context);
    const counts = new Map<Candidate, number>();
    for (let draw = 0; draw < draws; draw++) {
      const pick = strategyOf(name)(candidates, { ...context, random });
      counts.set(pick.candidate, (counts.get(pick.candidate) ?? 0) + 1);
    }
    for (const one of candidates) {
      const share = standings.get(one)?.share ?? 0;
      const seen = (counts.get(one) ?? 0) / draws;
      // Four standard deviations of that many draws.
      expect(Math.abs(seen - share)).toBeLessThanOrEqual(4 * Math.sqrt((share * (1 - share)) / draws) + 1e-12);
      expect(Number.isFinite(standings.get(one)?.score ?? 0)).toBe(true);
    }
  }
});

test("the score of balanced compares as the strategy does: an unknown latency is the other's, the floor the lighter one's", () => {
  const scores = (...candidates: Candidate[]) =>
    [...standingsOf("balanced", candidates, { nowMs: 0, session: () => null }).values()].map(({ score }) => score);
  const one = (id: string, weight: number, inFlight: number, expectedMs: number | null) =>
    candidate({ id, weight }, load(inFlight, expectedMs));
  expect(scores(one("a", 1, 0, null), one("b", 1, 3, 95))).toEqual([100 * 2, 100 * 5]);
  expect(scores(one("a", 10, 20, 95), one("b", 1, 0, 45))).toEqual([100 * 4, 50 * 2]);
  expect(scores(one("a", 1, 0, null), one("b", 1, 1, null))).toEqual([5 * 2, 5 * 3]);
});
