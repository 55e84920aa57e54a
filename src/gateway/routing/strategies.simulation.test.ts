// The strategies over many thousand calls, in virtual time and with chance that its seed brings back.
import { describe, expect, test } from "vitest";
import { between, type Random, seededRandom } from "../../../test/support/random.ts";
import { candidate } from "./fixtures/candidate.ts";
import { percentOf, type SimulatedDeployment, simulate } from "./fixtures/simulate.ts";
import { strategyOf } from "./strategy-of.ts";

const seeds = [1, 2, 3];
const perSeed = describe.each(seeds.map((seed) => ({ seed })));

const balanced = strategyOf("balanced");
const weighted = strategyOf("weighted");
const priority = strategyOf("priority");
const affinity = strategyOf("affinity");

/** A latency that varies by 30 %. */
const about = (ms: number, random: Random) => () => ms * (1 + 0.3 * random());

function thousands(picked: readonly string[]): string[][] {
  return Array.from({ length: Math.floor(picked.length / 1000) }, (_, index) => picked.slice(index * 1000, (index + 1) * 1000));
}

perSeed("balanced, seed $seed", ({ seed }) => {
  for (const callers of [1, 2, 7, 50, 200]) {
    test(`equal deployments: 40 to 60 % each of every 1,000 calls of ${callers} callers`, () => {
      for (const ms of [1, 20, 400]) {
        const random = seededRandom(seed);
        const deployments = ["a", "b"].map((id) => ({ id, latencyMs: about(ms, random) }));
        const picked = simulate({ strategy: balanced, deployments, callers, calls: 10_000, random });
        for (const part of thousands(picked)) {
          expect(percentOf(part, "a")).toBeGreaterThan(40);
          expect(percentOf(part, "a")).toBeLessThan(60);
        }
      }
    });

    test(`weights 80 and 20: kept within 4 points over 10,000 calls of ${callers} callers`, () => {
      for (const ms of [5, 50, 500]) {
        const random = seededRandom(seed);
        const deployments = [
          { id: "a", weight: 80, latencyMs: about(ms, random) },
          { id: "b", weight: 20, latencyMs: about(ms, random) },
        ];
        const picked = simulate({ strategy: balanced, deployments, callers, calls: 10_000, random });
        expect(Math.abs(percentOf(picked, "a") - 80)).toBeLessThan(4);
      }
    });
  }

  for (const callers of [1, 5, 50]) {
    test(`ten times slower: less than a quarter of every 1,000 calls of ${callers} callers, never nothing`, () => {
      for (const ms of [5, 20, 100]) {
        const random = seededRandom(seed);
        const deployments = [
          { id: "slow", latencyMs: about(10 * ms, random) },
          { id: "quick", latencyMs: about(ms, random) },
        ];
        const picked = simulate({ strategy: balanced, deployments, callers, calls: 10_000, random });
        for (const part of thousands(picked)) {
          expect(percentOf(part, "slow")).toBeLessThan(25);
          expect(percentOf(part, "slow")).toBeGreaterThan(0);
        }
      }
    });
  }

  test("one that becomes slow gives its calls away, and gets them back when it is quick again", () => {
    const random = seededRandom(seed);
    let startedAtMs = -1;
    const slowFromMs = 20_000;
    const slowUntilMs = 60_000;
    const shares = { before: [] as string[], slow: [] as string[], after: [] as string[] };
    const deployments: SimulatedDeployment[] = [
      {
        id: "a",
        latencyMs: (nowMs) => {
          const sinceMs = nowMs - startedAtMs;
          return about(sinceMs > slowFromMs && sinceMs < slowUntilMs ? 500 : 50, random)();
        },
      },
      { id: "b", latencyMs: about(50, random) },
    ];
    simulate({
      strategy: balanced,
      deployments,
      callers: 10,
      calls: 30_000,
      random,
      onPick({ id, nowMs }) {
        if (startedAtMs === -1) startedAtMs = nowMs;
        const sinceMs = nowMs - startedAtMs;
        if (sinceMs < slowFromMs) shares.before.push(id);
        else if (sinceMs > slowFromMs + 2000 && sinceMs < slowUntilMs) shares.slow.push(id);
        else if (sinceMs > slowUntilMs + 40_000) shares.after.push(id);
      },
    });
    expect(shares.after.length).toBeGreaterThan(1000);
    expect(percentOf(shares.before, "a")).toBeGreaterThan(40);
    expect(percentOf(shares.slow, "a")).toBeLessThan(10);
    expect(percentOf(shares.after, "a")).toBeGreaterThan(40);
  });

  test("one that joins and knows nothing of itself is used and not flooded", () => {
    const random = seededRandom(seed);
    const known = ["a", "b", "c"].map((id) => ({ id, latencyMs: about(300, random) }));
    const joinsAfter = 3000;
    const picked = simulate({
      // The last one is hidden at first.
      strategy: (candidates, context) => balanced(context.nowMs < 1_060_000 ? candidates.slice(0, 3) : candidates, context),
      deployments: [...known, { id: "new", latencyMs: about(300, random) }],
      callers: 30,
      calls: 20_000,
      random,
    });
    const first = picked.indexOf("new");
    expect(first).toBeGreaterThan(joinsAfter);
    const share = percentOf(picked.slice(first, first + 200), "new");
    expect(share).toBeGreaterThan(15);
    expect(share).toBeLessThan(45);
  });

  test("a hundred deployments, a tenth of them ten times slower: these get little, the others share evenly", () => {
    const random = seededRandom(seed);
    const deployments = Array.from({ length: 100 }, (_, index) => ({
      id: `d${index}`,
      latencyMs: about(index < 10 ? 1000 : 100, random),
    }));
    const picked = simulate({ strategy: balanced, deployments, callers: 100, calls: 50_000, random });
    const counts = deployments.map(({ id }) => (percentOf(picked, id) / 100) * picked.length);
    const mean = picked.length / 90;
    expect(Math.max(...counts.slice(0, 10))).toBeLessThan(mean / 4);
    expect(Math.max(...counts.slice(10))).toBeLessThan(mean * 1.3);
    expect(Math.min(...counts.slice(10))).toBeGreaterThan(mean * 0.7);
  });
});

perSeed("weighted, seed $seed", ({ seed }) => {
  test("80 and 20 within 4 points over 10,000 calls, whatever the latency; weight 0 gets nothing", () => {
    for (const callers of [1, 50]) {
      const random = seededRandom(seed);
      const deployments = [
        { id: "zero", weight: 0, latencyMs: () => 1 },
        { id: "a", weight: 80, latencyMs: about(1000, random) },
        { id: "b", weight: 20, latencyMs: about(10, random) },
      ];
      const picked = simulate({ strategy: weighted, deployments, callers, calls: 10_000, random });
      expect(Math.abs(percentOf(picked, "a") - 80)).toBeLessThan(4);
      expect(percentOf(picked, "zero")).toBe(0);
    }
  });
});

perSeed("priority, seed $seed", ({ seed }) => {
  test("the first takes all of 10,000 calls; when it can't for a while, the second in order", () => {
    const random = seededRandom(seed);
    let isOut = false;
    const picks: [string, boolean][] = [];
    simulate({
      strategy: (candidates, context) => {
        isOut = random() < 0.1;
        return priority(isOut ? candidates.filter(({ target }) => target.deployment.id !== "first") : candidates, context);
      },
      deployments: [
        { id: "third", priority: 2, latencyMs: () => 1 },
        { id: "first", priority: 1, weight: 1, latencyMs: about(1000, random) },
        { id: "second", priority: 1, weight: 100, latencyMs: () => 1 },
      ],
      callers: 20,
      calls: 10_000,
      random,
      onPick: ({ id }) => picks.push([id, isOut]),
    });
    expect(picks).toHaveLength(10_000);
    expect(picks.filter(([id, wasOut]) => id !== (wasOut ? "second" : "first"))).toEqual([]);
    expect(picks.some(([, wasOut]) => wasOut)).toBe(true);
  });
});

perSeed("affinity, seed $seed", ({ seed }) => {
  const pool = (size: number, random: Random) =>
    Array.from({ length: size }, (_, index) => ({ id: `dep_${seed}_${index}`, latencyMs: about(50, random) }));

  /** Of the calls of each session, the part that went where most of them went, in percent of all. */
  function stickiness(calls: readonly { id: string; session: string | null }[]): number {
    const bySession = new Map<string | null, Map<string, number>>();
    for (const { id, session } of calls) {
      const counts = bySession.get(session) ?? new Map<string, number>();
      bySession.set(session, counts.set(id, (counts.get(id) ?? 0) + 1));
    }
    let together = 0;
    for (const counts of bySession.values()) together += Math.max(...counts.values());
    return (100 * together) / calls.length;
  }

  for (const [size, callers] of [
    [2, 4],
    [3, 30],
    [4, 100],
    [10, 1000],
  ] as const) {
    test(`${callers} conversations over ${size} deployments stay where they are; none carries more than 1.25 × the mean`, () => {
      const random = seededRandom(seed);
      const calls: { id: string; session: string | null }[] = [];
      const deployments = pool(size, random);
      let tooLoaded = 0;
      simulate({
        strategy: affinity,
        deployments,
        callers,
        calls: 10_000,
        random,
        session: (caller) => `conversation ${caller}`,
        onPick({ id, session, loads }) {
          calls.push({ id, session });
          const inFlight = loads.reduce((sum, load) => sum + load, 0);
          const itsLoad = loads[deployments.findIndex((deployment) => deployment.id === id)] ?? 0;
          // A call goes where the load is within the bound before it comes.
          if (itsLoad > Math.ceil((1.25 * inFlight) / size) + 1) tooLoaded++;
        },
      });
      expect(tooLoaded).toBe(0);
      expect(stickiness(calls)).toBeGreaterThan(95);
    });
  }

  test("sessions that call at random stay at 95 % and more, too", () => {
    for (const [size, callers] of [
      [2, 50],
      [3, 20],
      [4, 100],
      [10, 500],
    ] as const) {
      const random = seededRandom(seed);
      const calls: { id: string; session: string | null }[] = [];
      simulate({
        strategy: affinity,
        deployments: pool(size, random),
        callers,
        calls: 20_000,
        random,
        session: () => `session ${between(random, 1, 1000)}`,
        onPick: (pick) => calls.push(pick),
      });
      expect(stickiness(calls)).toBeGreaterThanOrEqual(95);
    }
  });

  test("a session that everybody shares spills over: no deployment carries more than 1.25 × the mean", () => {
    const random = seededRandom(seed);
    const loads = [0, 0, 0, 0];
    let counted = 0;
    const picked = simulate({
      strategy: affinity,
      deployments: pool(4, random),
      callers: 400,
      calls: 20_000,
      random,
      session: () => "the same for all",
      onPick(pick) {
        if (pick.loads.reduce((sum, load) => sum + load, 0) < 400) return;
        counted++;
        pick.loads.forEach((load, index) => {
          loads[index] = Math.max(loads[index] ?? 0, load);
        });
      },
    });
    expect(counted).toBeGreaterThan(10_000);
    expect(Math.max(...loads)).toBeLessThanOrEqual(1.25 * 100 + 1);
    for (const id of new Set(picked)) expect(percentOf(picked, id)).toBeLessThan(25 * 1.28);
  });

  test("one of ten removed moves a tenth of 20,000 sessions, its own, and nobody else's; back again, they return", () => {
    const random = seededRandom(seed);
    const ten = pool(10, random).map((fields) => candidate(fields));
    const gone = ten[between(random, 0, 9)];
    const nine = ten.filter((other) => other !== gone);
    let moved = 0;
    let strayed = 0;
    for (let index = 0; index < 20_000; index++) {
      const context = { nowMs: 0, random, session: () => `session ${seed} ${index}` };
      const before = affinity(ten, context).candidate;
      const after = affinity(nine, context).candidate;
      if (before === gone) moved++;
      else if (before !== after) strayed++;
      if (affinity(ten.toReversed(), context).candidate !== before) strayed++;
    }
    expect(strayed).toBe(0);
    expect(moved / 20_000).toBeGreaterThan(0.09);
    expect(moved / 20_000).toBeLessThan(0.11);
  });

  test("sessions are spread by weight", () => {
    const random = seededRandom(seed);
    const candidates = [candidate({ id: `a${seed}`, weight: 80 }), candidate({ id: `b${seed}`, weight: 20 })];
    let toFirst = 0;
    for (let index = 0; index < 20_000; index++) {
      const context = { nowMs: 0, random, session: () => `user-${index}` };
      if (affinity(candidates, context).candidate === candidates[0]) toFirst++;
    }
    expect(Math.abs(toFirst / 200 - 80)).toBeLessThan(1.5);
  });

  test("without sessions it shares as balanced does", () => {
    const random = seededRandom(seed);
    const picked = simulate({ strategy: affinity, deployments: pool(2, random), callers: 20, calls: 10_000, random });
    expect(percentOf(picked, `dep_${seed}_0`)).toBeGreaterThan(40);
    expect(percentOf(picked, `dep_${seed}_0`)).toBeLessThan(60);
  });
});
