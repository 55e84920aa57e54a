// Retries stay within a fifth of the requests (or ten) of every ten seconds, and are there when they are needed.
import fc from "fast-check";
import { describe, expect, onTestFailed, test } from "vitest";
import { seededRandom } from "../../../test/support/random.ts";
import { arrivals, Simulation } from "./fixtures/simulation.ts";
import { RetryBudget } from "./retry-budget.ts";

const seed = Date.now() % 1_000_000;
const requestCount = 20_000;
const attemptsMax = 4;

interface Run {
  requestsAtMs: number[];
  retriesAtMs: number[];
  failedCalls: number;
  spanMs: number;
}

interface Traffic {
  perSecond: (elapsedMs: number) => number;
  /** Whether an attempt that starts now fails. */
  fails: (elapsedMs: number, random: () => number) => boolean;
  /** How long a failing attempt takes. */
  failsAfterMs: number;
  requests?: number;
}

function simulate(traffic: Traffic): Run {
  onTestFailed(() => console.error(`seed ${seed}`));
  const random = seededRandom(seed);
  const simulation = new Simulation();
  const startMs = simulation.nowMs;
  const budget = new RetryBudget();
  const run: Run = { requestsAtMs: [], retriesAtMs: [], failedCalls: 0, spanMs: 0 };

  const attempt = (attemptNo: number) => {
    if (!traffic.fails(simulation.nowMs - startMs, random)) return;
    simulation.after(traffic.failsAfterMs * (0.5 + random()), () => {
      if (attemptNo < attemptsMax && budget.tryTake(simulation.nowMs)) {
        run.retriesAtMs.push(simulation.nowMs);
        attempt(attemptNo + 1);
      } else {
        run.failedCalls++;
      }
    });
  };
  arrivals(simulation, random, traffic.requests ?? requestCount, traffic.perSecond, () => {
    budget.requestSeen(simulation.nowMs);
    run.requestsAtMs.push(simulation.nowMs);
    attempt(1);
  });
  simulation.run();
  run.spanMs = simulation.nowMs - startMs;
  return run;
}

/** Every ten seconds that end with a retry, counted afresh from the moments themselves; the worst excess over the bound. */
function worstExcess({ requestsAtMs, retriesAtMs }: Run): number {
  const secondOf = (atMs: number) => Math.floor(atMs / 1000);
  let worst = Number.NEGATIVE_INFINITY;
  let [requestFrom, requestTo, retryFrom] = [0, 0, 0];
  retriesAtMs.forEach((atMs, index) => {
    const oldest = secondOf(atMs) - 9;
    while (requestTo < requestsAtMs.length && (requestsAtMs[requestTo] as number) <= atMs) requestTo++;
    while (requestFrom < requestTo && secondOf(requestsAtMs[requestFrom] as number) < oldest) requestFrom++;
    while (secondOf(retriesAtMs[retryFrom] as number) < oldest) retryFrom++;
    worst = Math.max(worst, index + 1 - retryFrom - Math.max(10, 0.2 * (requestTo - requestFrom)));
  });
  return worst;
}

/** 0.2 × requests, and ten for every ten seconds that were begun. */
function boundOverRun(run: Run): number {
  return 0.2 * run.requestsAtMs.length + 10 * Math.ceil((run.spanMs + 1000) / 10_000);
}

describe("simulated", () => {
  test("all endpoints fail: attempts are at most 1.2 × requests and the floor", () => {
    const run = simulate({ perSecond: () => 200, fails: () => true, failsAfterMs: 20 });
    expect(worstExcess(run)).toBeLessThanOrEqual(0);
    expect(run.requestsAtMs.length + run.retriesAtMs.length).toBeLessThanOrEqual(1.2 * requestCount + 10);
    // What may be tried is tried.
    expect(run.retriesAtMs.length).toBeGreaterThan(0.19 * requestCount);
  });

  test("all endpoints hang for a second: the bound holds although retries come long after their requests", () => {
    const run = simulate({ perSecond: () => 200, fails: () => true, failsAfterMs: 1000 });
    expect(worstExcess(run)).toBeLessThanOrEqual(0);
    expect(run.requestsAtMs.length + run.retriesAtMs.length).toBeLessThanOrEqual(1.2 * requestCount + 10);
  });

  test("a tenth of the attempts fail: every call is served", () => {
    const run = simulate({ perSecond: () => 200, fails: (_elapsedMs, random) => random() < 0.1, failsAfterMs: 20 });
    expect(worstExcess(run)).toBeLessThanOrEqual(0);
    // One in 10,000 fails four times in a row: two are expected, and twelve have been seen in thousands of runs.
    expect(run.failedCalls).toBeLessThan(0.002 * requestCount);
  });

  test("one of three endpoints hangs for a second until it is benched: every call is served, all at once where need be", () => {
    const run = simulate({
      perSecond: () => 200,
      fails: (elapsedMs, random) => elapsedMs % 30_000 > 28_900 && random() < 1 / 3,
      failsAfterMs: 1000,
    });
    expect(worstExcess(run)).toBeLessThanOrEqual(0);
    expect(run.retriesAtMs.length).toBeGreaterThan(100);
    expect(run.failedCalls).toBeLessThan(0.05 * run.retriesAtMs.length);
  });

  test("half of the attempts fail for good: retries stay within the bound", () => {
    const run = simulate({ perSecond: () => 200, fails: (_elapsedMs, random) => random() < 0.5, failsAfterMs: 20 });
    expect(worstExcess(run)).toBeLessThanOrEqual(0);
    expect(run.retriesAtMs.length).toBeLessThanOrEqual(0.2 * requestCount + 10);
  });

  test("bursts with silence between them, all endpoints failing: no burst spends what another one saved", () => {
    const run = simulate({
      perSecond: (elapsedMs) => (elapsedMs % 15_000 < 1000 ? 1000 : 0),
      fails: () => true,
      failsAfterMs: 300,
    });
    expect(worstExcess(run)).toBeLessThanOrEqual(0);
    expect(run.retriesAtMs.length).toBeLessThanOrEqual(boundOverRun(run));
    expect(run.retriesAtMs.length).toBeGreaterThan(0.15 * requestCount);
  });

  test("little traffic, all endpoints failing: ten retries in ten seconds, no more", () => {
    const run = simulate({ perSecond: () => 2, fails: () => true, failsAfterMs: 20, requests: 10_000 });
    expect(worstExcess(run)).toBeLessThanOrEqual(0);
    expect(run.retriesAtMs.length).toBeLessThanOrEqual(boundOverRun(run));
    expect(run.retriesAtMs.length).toBeGreaterThan(0.9 * 10 * (run.spanMs / 10_000));
  });

  test("little traffic, every second attempt failing: the floor serves nearly every call", () => {
    const run = simulate({
      perSecond: () => 0.3,
      fails: (_elapsedMs, random) => random() < 0.5,
      failsAfterMs: 20,
      requests: 10_000,
    });
    // One in sixteen fails four times in a row.
    expect(run.failedCalls / 10_000).toBeLessThan(1 / 16 + 0.02);
  });
});

test("any run: a retry is granted exactly when its ten seconds allow it", () => {
  const step = fc.tuple(fc.oneof(fc.nat(300), fc.nat(4000), fc.nat(25_000)), fc.nat(60), fc.nat(30));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const budget = new RetryBudget();
      const requests: number[] = [];
      const retries: number[] = [];
      let nowMs = 1_750_000_000_000;
      for (const [gapMs, seen, wanted] of steps) {
        nowMs += gapMs;
        const second = Math.floor(nowMs / 1000);
        for (let index = 0; index < seen; index++) {
          budget.requestSeen(nowMs);
          requests.push(second);
        }
        const within = (seconds: number[]) => seconds.filter((one) => one > second - 10).length;
        for (let index = 0; index < wanted; index++) {
          const allowed = within(retries) + 1 <= Math.max(10, 0.2 * within(requests));
          expect(budget.tryTake(nowMs)).toBe(allowed);
          if (allowed) retries.push(second);
        }
      }
    }),
  );
});
