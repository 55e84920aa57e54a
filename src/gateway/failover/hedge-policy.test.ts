// Hedging cuts the slow tail, and never costs more than its share of the traffic.
import { describe, expect, onTestFailed, test } from "vitest";
import { seededRandom } from "../../../test/support/random.ts";
import { defaultHedge, type Hedge } from "../../domain/pool.ts";
import { LearnedP95 } from "../health/learned-p95.ts";
import { arrivals, quantile, Simulation } from "./fixtures/simulation.ts";
import { HedgePolicy } from "./hedge-policy.ts";

const seed = Date.now() % 1_000_000;
const requestCount = 20_000;

interface Run {
  firstByteMs: number[];
  hedgesAtMs: number[];
  requestsAtMs: number[];
}

interface Traffic {
  hedge: Hedge | null;
  /** How many times slower an attempt is; the first is attempt 1. */
  slowness: (attemptNo: number, request: number, random: () => number) => number;
  perSecond?: (elapsedMs: number) => number;
  requests?: number;
}

/** Around 100 ms, p95 about 230 ms. */
function usualMs(random: () => number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return 100 * Math.exp(0.5 * normal);
}

function simulate({ hedge, slowness, perSecond, requests }: Traffic): Run {
  onTestFailed(() => console.error(`seed ${seed}`));
  // Two sources, so that the same requests come at the same moments with hedging and without.
  const random = seededRandom(seed);
  const arrivalRandom = seededRandom(seed + 1);
  const simulation = new Simulation();
  const policy = new HedgePolicy();
  const times = new LearnedP95();
  const run: Run = { firstByteMs: [], hedgesAtMs: [], requestsAtMs: [] };
  let request = 0;

  arrivals(simulation, arrivalRandom, requests ?? requestCount, perSecond ?? (() => 100), () => {
    const startedAtMs = simulation.nowMs;
    const no = request++;
    let attempts = 0;
    let answered = false;
    const start = () => {
      attempts++;
      simulation.after(usualMs(random) * slowness(attempts, no, random), () => {
        if (answered) return;
        answered = true;
        run.firstByteMs.push(simulation.nowMs - startedAtMs);
        // Of the request, not of the attempt that won: else the slow ones would never be learned.
        times.add(simulation.nowMs - startedAtMs, simulation.nowMs);
      });
    };
    policy.requestSeen(startedAtMs);
    run.requestsAtMs.push(startedAtMs);
    start();
    const delayMs = hedge === null ? null : policy.delayMs(hedge, times.p95Ms(startedAtMs));
    if (hedge === null || delayMs === null) return;
    simulation.after(delayMs, () => {
      if (answered || !policy.tryTake(hedge, simulation.nowMs)) return;
      run.hedgesAtMs.push(simulation.nowMs);
      start();
    });
  });
  simulation.run();
  return run;
}

/** The largest excess of hedges over 5 % of the requests (or one) in any minute that ends with a hedge, counted afresh. */
function worstExcess({ requestsAtMs, hedgesAtMs }: Run, hedge: Hedge = defaultHedge): number {
  const secondOf = (atMs: number) => Math.floor(atMs / 1000);
  let worst = Number.NEGATIVE_INFINITY;
  let [requestFrom, requestTo, hedgeFrom] = [0, 0, 0];
  hedgesAtMs.forEach((atMs, index) => {
    const oldest = secondOf(atMs) - 59;
    while (requestTo < requestsAtMs.length && (requestsAtMs[requestTo] as number) <= atMs) requestTo++;
    while (requestFrom < requestTo && secondOf(requestsAtMs[requestFrom] as number) < oldest) requestFrom++;
    while (secondOf(hedgesAtMs[hedgeFrom] as number) < oldest) hedgeFrom++;
    worst = Math.max(worst, index + 1 - hedgeFrom - Math.max(1, hedge.extraTrafficMax * (requestTo - requestFrom)));
  });
  return worst;
}

/** The very first hedge may come before the twentieth request. */
const hedgesMax = defaultHedge.extraTrafficMax * requestCount + 1;

describe("simulated", () => {
  test("one in twenty attempts 20 times slower: p99 of the time to first byte falls by more than half for at most 5 % more traffic", () => {
    const slowness = (_attemptNo: number, _request: number, random: () => number) => (random() < 0.05 ? 20 : 1);
    const plain = simulate({ hedge: null, slowness });
    const hedged = simulate({ hedge: defaultHedge, slowness });
    expect(hedged.firstByteMs).toHaveLength(requestCount);
    expect(quantile(plain.firstByteMs, 0.99)).toBeGreaterThan(2000);
    expect(quantile(hedged.firstByteMs, 0.99)).toBeLessThan(0.5 * quantile(plain.firstByteMs, 0.99));
    expect(hedged.hedgesAtMs.length).toBeLessThanOrEqual(hedgesMax);
    expect(worstExcess(hedged)).toBeLessThanOrEqual(0);
  });

  test("everything is slow: at most 5 % more traffic", () => {
    const hedged = simulate({ hedge: defaultHedge, slowness: () => 20 });
    expect(hedged.hedgesAtMs.length).toBeLessThanOrEqual(hedgesMax);
    expect(worstExcess(hedged)).toBeLessThanOrEqual(0);
  });

  test("everything becomes slow at once: at most 5 % more traffic while the new times are learned", () => {
    const hedged = simulate({ hedge: defaultHedge, slowness: (_attemptNo, request) => (request % 5000 < 2500 ? 1 : 20) });
    expect(hedged.hedgesAtMs.length).toBeGreaterThan(100);
    expect(hedged.hedgesAtMs.length).toBeLessThanOrEqual(hedgesMax);
    expect(worstExcess(hedged)).toBeLessThanOrEqual(0);
  });

  test("times that vary more and more wildly: at most 5 % more traffic, though more would be wanted", () => {
    const hedged = simulate({ hedge: { ...defaultHedge, delayMinMs: 0 }, slowness: (_attemptNo, request) => 1 + request / 100 });
    expect(hedged.hedgesAtMs.length).toBeLessThanOrEqual(hedgesMax);
    expect(worstExcess(hedged)).toBeLessThanOrEqual(0);
  });

  test("bursts: a minute's share is spent once", () => {
    const hedged = simulate({
      hedge: defaultHedge,
      slowness: (_attemptNo, _request, random) => (random() < 0.3 ? 20 : 1),
      perSecond: (elapsedMs) => (elapsedMs % 90_000 < 2000 ? 500 : 0),
    });
    expect(hedged.hedgesAtMs.length).toBeLessThanOrEqual(hedgesMax);
    expect(worstExcess(hedged)).toBeLessThanOrEqual(0);
  });

  test("thirty calls a minute: most that are slow are hedged, and one in a minute, now and then two", () => {
    const slowness = (attemptNo: number, request: number) => (attemptNo === 1 && request % 50 === 49 ? 100 : 1);
    const hedged = simulate({ hedge: defaultHedge, slowness, perSecond: () => 0.5, requests: 10_000 });
    // 200 are slow; many lose their hedge to another call of the same minute.
    expect(hedged.firstByteMs.filter((ms) => ms > 2000).length).toBeLessThan(150);
    expect(worstExcess(hedged)).toBeLessThanOrEqual(0);
  });
});

test("never before the configured delay, never while nothing is known", () => {
  const policy = new HedgePolicy();
  expect(policy.delayMs(defaultHedge, null)).toBeNull();
  expect(policy.delayMs({ extraTrafficMax: 0.05, delayMinMs: 50 }, 8)).toBe(50);
  expect(policy.delayMs({ extraTrafficMax: 0.05, delayMinMs: 50 }, 800)).toBe(800);
});

test("a share of 0 is no hedge at all", () => {
  const policy = new HedgePolicy();
  for (let index = 0; index < 1000; index++) policy.requestSeen(1000);
  expect(policy.tryTake({ extraTrafficMax: 0, delayMinMs: 0 }, 1000)).toBe(false);
});
