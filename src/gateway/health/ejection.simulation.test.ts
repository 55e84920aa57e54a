// Health over many simulated calls: one of three deployments fails for half a minute, or comes and goes, or all do.
import { describe, expect, test } from "vitest";
import { type Random, seededRandom } from "../../../test/support/random.ts";
import type { HealthTransition } from "./deployment-state.ts";
import { eligible } from "./eligible.ts";
import { healthCandidate, type StateCandidate } from "./fixtures/health-candidate.ts";
import { HealthRegistry } from "./health-registry.ts";
import { succeeded } from "./pending-attempt.ts";

/** What a deployment does with an attempt that arrives at `nowMs`. */
type Behaviour = (nowMs: number) => "answer" | "refuse" | "hang" | "error 500";

const callsPerSecond = 200;
const firstByteTimeoutMs = 1000;
const seeds = Array.from({ length: 20 }, (_, index) => index + 1);

interface Simulation {
  calls: number;
  failedCalls: number;
  /** When each attempt at a deployment began, by deployment. */
  attemptsAtMs: Record<string, number[]>;
  transitions: (HealthTransition & { atMs: number })[];
}

/** Calls arrive at random, 200 in a second, are chosen for, and tried elsewhere when they fail. All in virtual time. */
function simulate(seed: number, lengthMs: number, behaviours: Record<string, Behaviour>): Simulation {
  const random = seededRandom(seed);
  const result: Simulation = { calls: 0, failedCalls: 0, attemptsAtMs: {}, transitions: [] };
  const events = new EventHeap();
  let nowMs = 0;
  const onTransition = (transition: HealthTransition) => result.transitions.push({ ...transition, atMs: nowMs });
  const registry = new HealthRegistry({ random, onTransition });
  const pool = Object.keys(behaviours).map((id) => healthCandidate(registry.of(id)));
  for (const id of Object.keys(behaviours)) result.attemptsAtMs[id] = [];

  const attempt = (left: readonly StateCandidate[]): void => {
    const isFirst = left.length === pool.length;
    const choice = eligible(left, { nowMs, isFirst, mayRetry: left.length > 1 });
    if (choice.kind === "none" || choice.kind === "all-resting") {
      result.failedCalls++;
      return;
    }
    const chosen =
      choice.kind === "trial"
        ? choice.candidate
        : cheaperOfTwo(choice.kind === "ready" ? choice.ready : choice.benched, nowMs, random);
    const { deploymentId } = chosen.load;
    result.attemptsAtMs[deploymentId]?.push(nowMs);
    const pending = chosen.load.begin(nowMs);
    const failAfter = (delayMs: number, cause: string) => {
      events.add(nowMs + delayMs, () => {
        pending.end({ kind: "failure", cause }, nowMs);
        attempt(left.filter((candidate) => candidate !== chosen));
      });
    };
    const does = behaviours[deploymentId]?.(nowMs);
    if (does === "refuse") failAfter(1, "connection refused");
    else if (does === "error 500") failAfter(5 + 10 * random(), "http 500");
    else if (does === "hang") failAfter(firstByteTimeoutMs, "first byte timeout");
    else {
      events.add(nowMs + 10 + 20 * random(), () => {
        pending.firstByte(nowMs);
        events.add(nowMs + 200 * random(), () => pending.end(succeeded, nowMs));
      });
    }
  };
  const arrive = (): void => {
    result.calls++;
    attempt(pool);
    const nextAtMs = nowMs - (Math.log(1 - random()) * 1000) / callsPerSecond;
    if (nextAtMs < lengthMs) events.add(nextAtMs, arrive);
  };
  events.add(0, arrive);
  for (let event = events.take(); event !== undefined; event = events.take()) {
    nowMs = event.atMs;
    event.run();
  }
  expect(
    pool.map(({ load }) => load.inFlight),
    `seed ${seed}`,
  ).toEqual(pool.map(() => 0));
  return result;
}

/** A strategy of the simplest kind; the real ones have simulations of their own. */
function cheaperOfTwo(candidates: readonly StateCandidate[], nowMs: number, random: Random): StateCandidate {
  const drawn = () => candidates[Math.floor(random() * candidates.length)] as StateCandidate;
  const [a, b] = [drawn(), drawn()];
  const cost = ({ load }: StateCandidate) => ((load.expectedMs(nowMs) ?? 0) + 1) * (load.inFlight + 1);
  return cost(a) <= cost(b) ? a : b;
}

interface Event {
  atMs: number;
  run(): void;
}

/** A binary heap: the earliest event first. */
class EventHeap {
  readonly #events: Event[] = [];

  add(atMs: number, run: () => void): void {
    const events = this.#events;
    const event = { atMs, run };
    let index = events.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if ((events[parent] as Event).atMs <= atMs) break;
      events[index] = events[parent] as Event;
      index = parent;
    }
    events[index] = event;
  }

  take(): Event | undefined {
    const events = this.#events;
    const first = events[0];
    const last = events.pop();
    if (first === undefined || last === undefined || events.length === 0) return first;
    let index = 0;
    for (let child = 1; child < events.length; child = 2 * index + 1) {
      const right = events[child + 1];
      if (right !== undefined && right.atMs < (events[child] as Event).atMs) child++;
      if ((events[child] as Event).atMs >= last.atMs) break;
      events[index] = events[child] as Event;
      index = child;
    }
    events[index] = last;
    return first;
  }
}

const answers: Behaviour = () => "answer";
const between = (times: readonly number[], fromMs: number, toMs: number) =>
  times.filter((atMs) => atMs >= fromMs && atMs < toMs).length;
const attemptsAt = (result: Simulation, id: string) => result.attemptsAtMs[id] as number[];
const countOf = (result: Simulation, fromMs: number, toMs: number) =>
  Object.values(result.attemptsAtMs).reduce((sum, times) => sum + between(times, fromMs, toMs), 0);

describe("one of three deployments fails from 5 s to 35 s", () => {
  // Quiet: when "after the first second", or the first timeouts and those of the calls that they let through, begins.
  test.each([
    { does: "refuse", quietFromMs: 6000 },
    { does: "error 500", quietFromMs: 6000 },
    { does: "hang", quietFromMs: 7000 },
  ] as const)("$does: no call fails, few touch it, it is back within 10 s of recovery", ({ does, quietFromMs }) => {
    for (const seed of seeds) {
      const result = simulate(seed, 50_000, {
        a: answers,
        b: (nowMs) => (nowMs >= 5000 && nowMs < 35_000 ? does : "answer"),
        c: answers,
      });
      const told = `seed ${seed}: ${result.transitions.map(({ to, atMs }) => `${to} at ${Math.round(atMs)}`).join(", ")}`;
      expect(result.calls, told).toBeGreaterThan(9000);
      expect(result.failedCalls, told).toBe(0);
      const touches = between(attemptsAt(result, "b"), quietFromMs, 35_000);
      expect(touches / (29 * callsPerSecond), told).toBeLessThan(0.01);
      expect(between(attemptsAt(result, "b"), 45_000, 46_000) / countOf(result, 45_000, 46_000), told).toBeGreaterThan(0.1);
      expect(new Set(result.transitions.map(({ deploymentId }) => deploymentId)), told).toEqual(new Set(["b"]));
      expect(result.transitions.at(-1)?.to, told).toBe("healthy");
    }
  });

  test("the calls of the first moments are few as well, also of those that hang for a second", () => {
    for (const seed of seeds) {
      for (const does of ["refuse", "hang"] as const) {
        const b: Behaviour = (nowMs) => (nowMs >= 5000 && nowMs < 35_000 ? does : "answer");
        const result = simulate(seed, 10_000, { a: answers, b, c: answers });
        expect(between(attemptsAt(result, "b"), 5000, 10_000), `seed ${seed}, ${does}`).toBeLessThan(60);
      }
    }
  });
});

describe("a deployment that comes and goes", () => {
  test.each([
    { name: "every 2 s", isUp: (nowMs: number) => nowMs % 4000 < 2000 },
    { name: "every 20 s", isUp: (nowMs: number) => nowMs % 40_000 < 20_000 },
  ])("$name: is mostly left out, and costs nobody an answer", ({ isUp }) => {
    for (const seed of seeds.slice(0, 5)) {
      const lengthMs = 300_000;
      const result = simulate(seed, lengthMs, { a: answers, b: (nowMs) => (isUp(nowMs) ? "answer" : "refuse"), c: answers });
      const benches = result.transitions.filter(({ from, to }) => from === "healthy" && to === "benched");
      expect(result.failedCalls, `seed ${seed}`).toBe(0);
      // Without doubling that lasts, there would be one for each time it goes, or each 7 s.
      expect(benches.length, `seed ${seed}`).toBeLessThanOrEqual(12);
      const failures = attemptsAt(result, "b").filter((atMs) => !isUp(atMs)).length;
      expect(failures / result.calls, `seed ${seed}`).toBeLessThan(0.01);
    }
  });

  test("answers every other call: is benched most of the time", () => {
    for (const seed of seeds.slice(0, 5)) {
      const random = seededRandom(seed + 1000);
      const b: Behaviour = () => (random() < 0.4 ? "answer" : "error 500");
      const result = simulate(seed, 300_000, { a: answers, b, c: answers });
      expect(result.failedCalls, `seed ${seed}`).toBe(0);
      expect(attemptsAt(result, "b").length / result.calls, `seed ${seed}`).toBeLessThan(0.02);
    }
  });
});

describe("the last one standing", () => {
  test("is never refused: a model with one deployment that is down reaches it with every call", () => {
    for (const seed of seeds) {
      const result = simulate(seed, 50_000, { only: (nowMs) => (nowMs < 30_000 ? "refuse" : "answer") });
      expect(attemptsAt(result, "only"), `seed ${seed}`).toHaveLength(result.calls);
      expect(result.calls, `seed ${seed}`).toBeGreaterThan(9000);
      const failedAfter = result.failedCalls - between(attemptsAt(result, "only"), 0, 30_000);
      expect(failedAfter, `seed ${seed}`).toBe(0);
      expect(result.transitions.filter(({ to }) => to === "benched").length, `seed ${seed}`).toBeLessThanOrEqual(4);
      expect(result.transitions.at(-1)?.to, `seed ${seed}`).toBe("healthy");
    }
  });

  test("is found among three: two are down, then the third as well, and every call has tried all it could", () => {
    for (const seed of seeds) {
      const downFrom =
        (fromMs: number, toMs: number): Behaviour =>
        (nowMs) =>
          nowMs >= fromMs && nowMs < toMs ? "refuse" : "answer";
      const result = simulate(seed, 50_000, { a: downFrom(2000, 50_000), b: downFrom(4000, 20_000), c: downFrom(6000, 15_000) });
      const told = `seed ${seed}: ${result.transitions.map(({ deploymentId, to, atMs }) => `${deploymentId} ${to} at ${Math.round(atMs)}`).join(", ")}`;
      // From 6 s to 15 s no one answers, whoever is asked: those calls fail, and no other.
      const callsInOutage = 9 * callsPerSecond;
      expect(result.failedCalls, told).toBeGreaterThan(callsInOutage * 0.85);
      expect(result.failedCalls, told).toBeLessThan(callsInOutage * 1.15);
    }
  });

  test("is every one of them after a blip that hit all: the load stays spread", () => {
    for (const seed of seeds) {
      const blip: Behaviour = (nowMs) => (nowMs >= 5000 && nowMs < 5300 ? "refuse" : "answer");
      const result = simulate(seed, 15_000, { a: blip, b: blip, c: blip });
      for (const id of ["a", "b", "c"]) {
        const share = between(attemptsAt(result, id), 5300, 10_300) / countOf(result, 5300, 10_300);
        expect(share, `seed ${seed}, ${id}`).toBeGreaterThan(0.15);
      }
      expect(
        result.transitions.filter(({ to }) => to === "healthy"),
        `seed ${seed}`,
      ).toHaveLength(3);
    }
  });
});
