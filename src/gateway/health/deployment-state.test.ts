// When a deployment is benched, how it comes back, and what counts towards either.
import { describe, expect, test } from "vitest";
import { between, seededRandom } from "../../../test/support/random.ts";
import { DeploymentState, type HealthTransition } from "./deployment-state.ts";
import { neutral, type PendingAttempt, succeeded } from "./pending-attempt.ts";

const http500 = { kind: "failure", cause: "http 500" } as const;

/** A state whose jitter is 0, and what it reported. */
function observed(random = () => 0.5) {
  const transitions: HealthTransition[] = [];
  const state = new DeploymentState("dep_1", { random, onTransition: (transition) => transitions.push(transition) });
  const steps = () => transitions.map(({ from, to }) => `${from}→${to}`);
  return { state, transitions, steps };
}

function fail(state: DeploymentState, times: number, nowMs: number): void {
  for (let time = 0; time < times; time++) state.begin(nowMs).end(http500, nowMs);
}

function succeed(state: DeploymentState, times: number, nowMs: number, latencyMs = 10): void {
  for (let time = 0; time < times; time++) {
    const attempt = state.begin(nowMs - latencyMs);
    attempt.firstByte(nowMs);
    attempt.end(succeeded, nowMs);
  }
}

/** Benched at `nowMs` until 5 s later. */
function bench(state: DeploymentState, nowMs: number): void {
  fail(state, 5, nowMs);
  expect(state.availability(nowMs)).toBe("benched");
}

describe("benching", () => {
  test("takes five failures in a row", () => {
    const { state, transitions } = observed();
    fail(state, 4, 1000);
    expect(state.availability(1000)).toBe("ready");
    fail(state, 1, 1000);
    expect(state.availability(1000)).toBe("benched");
    expect(transitions).toEqual([
      { deploymentId: "dep_1", from: "healthy", to: "benched", cause: "5 failures in a row: http 500", untilMs: 6000 },
    ]);
  });

  test("does not happen when a success comes between", () => {
    const { state } = observed();
    for (let round = 0; round < 3; round++) {
      fail(state, 4, round * 40_000);
      succeed(state, 1, round * 40_000);
    }
    expect(state.availability(80_000)).toBe("ready");
  });

  test("happens when half of twenty failed, and not with one outcome or one failure less", () => {
    const { state, transitions } = observed();
    for (let pair = 0; pair < 9; pair++) {
      succeed(state, 1, 1000);
      fail(state, 1, 1000);
    }
    succeed(state, 1, 1000);
    expect(state.availability(1000)).toBe("ready");
    fail(state, 1, 1000);
    expect(state.availability(1000)).toBe("benched");
    expect(transitions[0]?.cause).toBe("10 of 20 failed: http 500");

    const { state: better } = observed();
    for (let round = 0; round < 100; round++) {
      succeed(better, 1, 1000);
      fail(better, 1, 1000);
      succeed(better, 1, 1000);
    }
    expect(better.availability(1000)).toBe("ready");
  });

  test("forgets outcomes after thirty seconds", () => {
    const { state } = observed();
    for (let failure = 0; failure < 40; failure++) {
      fail(state, 1, failure * 3100);
      succeed(state, 1, failure * 3100);
    }
    expect(state.availability(124_000)).toBe("ready");
    expect(state.view(124_000 + 31_000).failureRatio).toBeNull();
  });

  test("counts answers that break off in a row of their own, which first bytes don't end", () => {
    const { state, transitions } = observed();
    for (let call = 0; call < 5; call++) {
      expect(state.availability(call * 10_000)).toBe("ready");
      const attempt = state.begin(call * 10_000);
      attempt.firstByte(call * 10_000 + 100);
      attempt.end({ kind: "failure", cause: "stream broke off" }, call * 10_000 + 5000);
    }
    expect(transitions[0]).toMatchObject({ cause: "5 failures in a row: stream broke off", untilMs: 45_000 + 5000 });
  });

  test("of answers that break off does not happen when one comes to its end in between", () => {
    const { state, transitions } = observed();
    for (let call = 0; call < 12; call++) {
      const attempt = state.begin(call * 10_000);
      attempt.firstByte(call * 10_000);
      attempt.end(call % 4 === 3 ? succeeded : { kind: "failure", cause: "stream broke off" }, call * 10_000);
    }
    expect(transitions).toEqual([]);
  });

  test("is no matter of long streams that have not ended yet: their first bytes count", () => {
    const { state } = observed();
    const streams: PendingAttempt[] = [];
    for (let call = 0; call < 60; call++) {
      const nowMs = call * 100;
      if (call % 3 === 0) fail(state, 1, nowMs);
      const stream = state.begin(nowMs);
      stream.firstByte(nowMs + 50);
      streams.push(stream);
    }
    expect(state.availability(6000)).toBe("ready");
    expect(state.view(6000).failureRatio).toBeCloseTo(0.25, 5);
    for (const stream of streams) stream.end(succeeded, 60_000);
    expect(state.view(60_000).inFlight).toBe(0);
  });

  test("is not for callers that go away, however many", () => {
    const { state, transitions } = observed();
    fail(state, 4, 0);
    for (let call = 0; call < 100; call++) state.begin(0).end(neutral, 10);
    expect(state.availability(10)).toBe("ready");
    fail(state, 1, 20);
    expect(state.availability(20)).toBe("benched");
    expect(transitions).toHaveLength(1);
  });
});

describe("the way back", () => {
  test("is one trial at a time", () => {
    const { state, steps } = observed();
    bench(state, 0);
    expect(state.availability(4999)).toBe("benched");
    expect(state.availability(5000)).toBe("trial");
    const trial = state.begin(5000);
    expect(state.availability(5001)).toBe("benched");
    expect(state.view(5001).status).toBe("trial");
    trial.firstByte(5050);
    expect(state.availability(5050)).toBe("ready");
    trial.end(succeeded, 60_000);
    expect(steps()).toEqual(["healthy→benched", "benched→trial", "trial→healthy"]);
    expect(state.view(60_000)).toMatchObject({ status: "healthy", cause: null, sinceMs: 5050, consecutiveFailures: 0 });
  });

  test("takes twice as long after each failed trial, a minute at most, counted from the trial's begin", () => {
    const { state, transitions } = observed();
    bench(state, 0);
    let nowMs = 5000;
    for (const lengthMs of [10_000, 20_000, 40_000, 60_000, 60_000, 60_000]) {
      expect(state.availability(nowMs - 1)).toBe("benched");
      expect(state.availability(nowMs)).toBe("trial");
      state.begin(nowMs).end({ kind: "failure", cause: "timeout" }, nowMs + 1000);
      expect(transitions.at(-1)).toMatchObject({ to: "benched", cause: "a trial failed: timeout", untilMs: nowMs + lengthMs });
      nowMs += lengthMs;
    }
    expect(state.availability(nowMs)).toBe("trial");
  });

  test("varies by a tenth", () => {
    for (const [chance, lengthMs] of [
      [0, 4500],
      [1, 5500],
    ] as const) {
      const { state } = observed(() => chance);
      bench(state, 0);
      expect(state.view(0).untilMs).toBeCloseTo(lengthMs, 6);
    }
  });

  test("starts from the begin of the attempt that caused the bench, but not before half of it is over", () => {
    for (const [timeoutMs, untilMs] of [
      [1000, 5000],
      [60_000, 62_500],
    ] as const) {
      const { state, transitions } = observed();
      const attempts = Array.from({ length: 5 }, () => state.begin(0));
      for (const attempt of attempts) attempt.end({ kind: "failure", cause: "timeout" }, timeoutMs);
      expect(transitions.at(-1)?.untilMs).toBe(untilMs);
    }
  });

  test("is open again when the caller of the trial goes away", () => {
    const { state, steps } = observed();
    bench(state, 0);
    state.begin(6000).end(neutral, 7000);
    expect(state.availability(7000)).toBe("trial");
    succeed(state, 1, 7100);
    expect(state.availability(7100)).toBe("ready");
    expect(steps()).toEqual(["healthy→benched", "benched→trial", "trial→healthy"]);
  });

  test("does not wait for a trial that hangs: the next one is due when the doubled time is over", () => {
    const { state, steps, transitions } = observed();
    bench(state, 0);
    const hung = state.begin(5000);
    expect(state.availability(14_999)).toBe("benched");
    expect(state.availability(15_000)).toBe("trial");
    const second = state.begin(15_000);
    expect(state.availability(15_001)).toBe("benched");
    expect(transitions.at(-2)).toMatchObject({ to: "benched", cause: "a trial failed: no first byte within 10000 ms" });
    hung.end({ kind: "failure", cause: "timeout" }, 20_000);
    expect(state.view(20_000)).toMatchObject({ status: "trial", inFlight: 1 });
    second.end(http500, 20_000);
    expect(state.view(20_000)).toMatchObject({ status: "benched", untilMs: 35_000 });
    expect(steps()).toEqual(["healthy→benched", "benched→trial", "trial→benched", "benched→trial", "trial→benched"]);
  });

  test("is over when a slow trial succeeds after all", () => {
    const { state } = observed();
    bench(state, 0);
    const slow = state.begin(5000);
    const second = state.begin(15_000);
    slow.firstByte(25_000);
    expect(state.availability(25_000)).toBe("ready");
    second.end(http500, 26_000);
    fail(state, 4, 27_000);
    expect(state.availability(27_000)).toBe("ready");
  });

  test("does not excuse the trial itself: an answer that breaks off after its first byte counts as in health", () => {
    const { state, transitions } = observed();
    bench(state, 0);
    const trial = state.begin(5000);
    trial.firstByte(5100);
    trial.end({ kind: "failure", cause: "stream broke off" }, 5200);
    expect(state.availability(5200)).toBe("ready");
    expect(state.view(5200)).toMatchObject({ consecutiveFailures: 1, failureRatio: 1 });
    for (let call = 0; call < 4; call++) {
      const attempt = state.begin(6000);
      attempt.firstByte(6000);
      attempt.end({ kind: "failure", cause: "stream broke off" }, 6000);
    }
    expect(transitions.at(-1)).toMatchObject({ to: "benched", cause: "5 failures in a row: stream broke off" });
  });

  test("is longer for what fails again soon, and forgives one doubling for each thirty healthy seconds", () => {
    const { state, transitions } = observed();
    const lengths: number[] = [];
    let nowMs = 0;
    for (const healthyMs of [0, 1000, 29_000, 31_000, 61_000, 121_000, 0]) {
      bench(state, nowMs);
      const untilMs = transitions.at(-1)?.untilMs as number;
      lengths.push((untilMs - nowMs) / 1000);
      succeed(state, 1, untilMs, 0);
      expect(state.availability(untilMs)).toBe("ready");
      nowMs = untilMs + healthyMs;
    }
    // Benched again after 0, 1, 29, 31, 61, 121 s of health.
    expect(lengths).toEqual([5, 10, 20, 40, 40, 20, 5]);
  });

  test("is not blocked by the failures from before: the count begins anew", () => {
    const { state } = observed();
    fail(state, 100, 0);
    succeed(state, 1, 5000, 0);
    fail(state, 4, 5100);
    expect(state.availability(5100)).toBe("ready");
    expect(state.view(5100)).toMatchObject({ consecutiveFailures: 4, failureRatio: 0.8 });
  });

  test("is shortened to a first bench's time when it works for calls that had no other choice", () => {
    const { state } = observed();
    bench(state, 0);
    for (const nowMs of [5000, 15_000, 35_000]) fail(state, 1, nowMs);
    expect(state.view(35_000).untilMs).toBe(75_000);
    succeed(state, 1, 37_000);
    expect(state.availability(39_999)).toBe("benched");
    expect(state.availability(40_000)).toBe("trial");
  });

  test("stays one trial at a time while other calls, which had no other choice, succeed", () => {
    const { state } = observed();
    bench(state, 0);
    state.begin(5000);
    succeed(state, 1, 5500);
    expect(state.availability(14_999)).toBe("benched");
  });
});

describe("attempts that were under way when the bench began", () => {
  test("neither prolong nor end it, and don't spoil the return", () => {
    const { state, transitions } = observed();
    const under = Array.from({ length: 60 }, () => state.begin(0));
    bench(state, 100);
    for (const attempt of under.slice(0, 20)) attempt.end(http500, 3000);
    for (const attempt of under.slice(20, 30)) attempt.end(succeeded, 3000);
    expect(state.view(3000)).toMatchObject({ status: "benched", untilMs: 5100, failureRatio: 25 / 35 });
    expect(transitions).toHaveLength(1);
    succeed(state, 1, 5200, 0);
    for (const attempt of under.slice(30)) attempt.end(http500, 6000);
    expect(state.availability(6000)).toBe("ready");
    expect(state.view(6000)).toMatchObject({ consecutiveFailures: 0, failureRatio: 0, inFlight: 0 });
  });
});

describe("a rest", () => {
  const limited = (restMs: number) => ({ kind: "limited", restMs, cause: "http 429" }) as const;

  test("lasts as long as the endpoint asks for, a second without a time, ten minutes at most", () => {
    for (const [restMs, lengthMs] of [
      [3000, 3000],
      [0, 1000],
      [-5, 1000],
      [Number.NaN, 1000],
      [86_400_000, 600_000],
      [Number.POSITIVE_INFINITY, 600_000],
    ] as const) {
      const { state, transitions } = observed();
      state.begin(0).end(limited(restMs), 100);
      expect(state.availability(100 + lengthMs - 1)).toBe("resting");
      expect(state.untilMs).toBe(100 + lengthMs);
      expect(state.availability(100 + lengthMs)).toBe("ready");
      expect(transitions).toMatchObject([{ from: "healthy", to: "resting", cause: "http 429", untilMs: 100 + lengthMs }]);
    }
  });

  test("is no failure, and is never shortened by a later one", () => {
    const { state } = observed();
    state.begin(0).end(limited(30_000), 0);
    for (let call = 0; call < 50; call++) state.begin(0).end(limited(10), 0);
    expect(state.view(0)).toMatchObject({ status: "resting", untilMs: 30_000, consecutiveFailures: 0, failureRatio: null });
  });

  test("comes before a bench, which goes on below it; its end is told with the next attempt", () => {
    const { state, steps } = observed();
    const late = state.begin(0);
    bench(state, 0);
    late.end(limited(3000), 1000);
    expect(state.availability(2000)).toBe("resting");
    expect(state.availability(4000)).toBe("benched");
    expect(state.view(4000)).toMatchObject({ status: "benched", sinceMs: 4000, cause: "5 failures in a row: http 500" });
    succeed(state, 1, 5000, 0);
    expect(steps()).toEqual(["healthy→benched", "benched→resting", "resting→trial", "trial→healthy"]);
  });

  test("asked for by the trial, gives the trial back for afterwards", () => {
    const { state } = observed();
    bench(state, 0);
    state.begin(5000).end(limited(2000), 5100);
    expect(state.availability(5200)).toBe("resting");
    expect(state.availability(7100)).toBe("trial");
  });

  test("hides what a trial says until it is over", () => {
    const { state, steps } = observed();
    const late = state.begin(0);
    bench(state, 0);
    const trial = state.begin(5000);
    late.end(limited(3000), 5100);
    trial.end(http500, 5200);
    expect(state.availability(5200)).toBe("resting");
    expect(steps()).toEqual(["healthy→benched", "benched→trial", "trial→resting"]);
    state.begin(8200).end(neutral, 8200);
    expect(state.availability(8200)).toBe("benched");
    expect(steps()).toEqual(["healthy→benched", "benched→trial", "trial→resting", "resting→benched"]);
  });

  test("over, is told once", () => {
    const { state, steps } = observed();
    state.begin(0).end(limited(1000), 0);
    succeed(state, 3, 2000);
    expect(steps()).toEqual(["healthy→resting", "resting→healthy"]);
  });
});

describe("probes", () => {
  test("bench after three failures in a row, not before", () => {
    const { state, transitions } = observed();
    for (const ok of [false, false, true, false, false]) state.probed(ok, "models probe: timeout", 0);
    expect(state.availability(0)).toBe("ready");
    state.probed(false, "models probe: timeout", 0);
    expect(state.availability(0)).toBe("benched");
    expect(transitions).toMatchObject([{ cause: "3 probes failed in a row: models probe: timeout", untilMs: 5000 }]);
  });

  test("that fail don't prolong a bench", () => {
    const { state } = observed();
    bench(state, 0);
    for (let probe = 0; probe < 10; probe++) state.probed(false, "timeout", 1000);
    expect(state.availability(5000)).toBe("trial");
  });

  test("end a bench when one succeeds after one that failed, so that the next attempt is the trial", () => {
    const { state, steps } = observed();
    bench(state, 0);
    state.probed(true, "ok", 1000);
    expect(state.availability(1000)).toBe("benched");
    state.probed(false, "timeout", 2000);
    state.probed(true, "ok", 3000);
    expect(state.availability(3000)).toBe("trial");
    fail(state, 1, 3000);
    expect(state.availability(3000)).toBe("benched");
    expect(steps()).toEqual(["healthy→benched", "benched→trial", "trial→benched"]);
  });

  test("that benched a deployment bring it back with one success", () => {
    const { state } = observed();
    for (let probe = 0; probe < 3; probe++) state.probed(false, "timeout", 0);
    state.probed(true, "ok", 500);
    expect(state.availability(500)).toBe("trial");
  });

  test("count anew after a return", () => {
    const { state } = observed();
    for (let probe = 0; probe < 4; probe++) state.probed(false, "timeout", 0);
    succeed(state, 1, 5000, 0);
    state.probed(false, "timeout", 6000);
    state.probed(false, "timeout", 7000);
    expect(state.availability(7000)).toBe("ready");
    state.probed(false, "timeout", 8000);
    expect(state.availability(8000)).toBe("benched");
  });

  test("that succeed don't make up for failed calls", () => {
    const { state } = observed();
    fail(state, 4, 0);
    state.probed(true, "ok", 10);
    fail(state, 1, 20);
    expect(state.availability(20)).toBe("benched");
  });
});

describe("load", () => {
  test("is unknown at first, then the learned latency", () => {
    const { state } = observed();
    expect(state.expectedMs(0)).toBeNull();
    succeed(state, 20, 1000, 200);
    expect(state.expectedMs(1000)).toBe(200);
  });

  test("is learned from first bytes alone", () => {
    const { state } = observed();
    for (const result of [succeeded, neutral, http500]) state.begin(0).end(result, 5000);
    expect(state.expectedMs(5000)).toBeNull();
    expect(state.view(5000).latencyMs).toBeNull();
  });

  test.each([1, 2, 3, 4, 5])("is never less than the age of the oldest attempt without a first byte (seed %i)", (seed) => {
    const random = seededRandom(seed);
    const { state } = observed(random);
    const waiting = new Set<PendingAttempt>();
    const open = new Set<PendingAttempt>();
    let nowMs = 0;
    for (let step = 0; step < 2000; step++) {
      nowMs += between(random, 0, 20);
      const one = [...open][between(random, 0, Math.max(0, open.size - 1))];
      const choice = random();
      if (choice < 0.4 || one === undefined) {
        const attempt = state.begin(nowMs);
        waiting.add(attempt);
        open.add(attempt);
      } else if (choice < 0.7) {
        one.firstByte(nowMs);
        waiting.delete(one);
      } else {
        one.end(random() < 0.9 ? succeeded : neutral, nowMs);
        waiting.delete(one);
        open.delete(one);
      }
      expect(state.inFlight).toBe(open.size);
      const oldestMs = Math.min(...[...waiting].map(({ startedAtMs }) => startedAtMs));
      const expectedMs = state.expectedMs(nowMs);
      if (waiting.size > 0 && nowMs > oldestMs) expect(expectedMs).toBeGreaterThanOrEqual(nowMs - oldestMs);
    }
    for (const attempt of open) attempt.end(neutral, nowMs);
    expect(state.inFlight).toBe(0);
    // Nothing waits any more: what is left is what was learned.
    const { latencyMs } = state.view(nowMs);
    expect(state.expectedMs(nowMs)).toBeLessThanOrEqual(latencyMs as number);
  });

  test("is not disturbed by ends and first bytes that come twice", () => {
    const { state } = observed();
    const attempt = state.begin(0);
    attempt.firstByte(100);
    attempt.firstByte(900);
    attempt.end(succeeded, 1000);
    attempt.end(http500, 1100);
    attempt.firstByte(1200);
    expect(state.view(1200)).toMatchObject({ inFlight: 0, latencyMs: 100, consecutiveFailures: 0, failureRatio: 0 });
    const failed = state.begin(2000);
    failed.end(http500, 2100);
    failed.firstByte(2200);
    failed.end(http500, 2300);
    expect(state.view(2300)).toMatchObject({ inFlight: 0, latencyMs: 100, consecutiveFailures: 1, failureRatio: 0.5 });
  });
});

describe("an edited endpoint", () => {
  test("starts anew; attempts from before count no more", () => {
    const { state, transitions } = observed();
    succeed(state, 30, 0, 100);
    const before = Array.from({ length: 30 }, () => state.begin(0));
    before[0]?.end({ kind: "limited", restMs: 60_000, cause: "http 429" }, 0);
    bench(state, 61_000);
    state.reconfigured(62_000);
    expect(state.availability(62_000)).toBe("ready");
    expect(transitions.at(-1)).toMatchObject({ from: "benched", to: "healthy", cause: "its endpoint was edited" });
    for (const attempt of before) attempt.end(http500, 63_000);
    expect(state.view(63_000)).toMatchObject({ status: "healthy", consecutiveFailures: 0, failureRatio: null, inFlight: 0 });
    bench(state, 64_000);
    expect(transitions.at(-1)?.untilMs).toBe(69_000);
  });
});

test("transitions follow each other without gap or repetition, whatever happens", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed);
    const { state, transitions } = observed(random);
    const open: PendingAttempt[] = [];
    let nowMs = 0;
    for (let step = 0; step < 3000; step++) {
      nowMs += between(random, 0, 400);
      const choice = random();
      if (choice < 0.1) state.probed(random() < 0.5, "probe", nowMs);
      else if (choice < 0.5 || open.length === 0) open.push(state.begin(nowMs));
      else {
        const [attempt] = open.splice(between(random, 0, open.length - 1), 1);
        const result = random();
        if (result < 0.5) attempt?.firstByte(nowMs);
        if (result < 0.4 || (result > 0.5 && result < 0.6)) attempt?.end(succeeded, nowMs);
        else if (result > 0.97) attempt?.end({ kind: "limited", restMs: 2000, cause: "http 429" }, nowMs);
        else attempt?.end(random() < 0.9 ? http500 : neutral, nowMs);
      }
    }
    expect(transitions.length, `seed ${seed}`).toBeGreaterThan(50);
    let status = "healthy";
    for (const { from, to, untilMs } of transitions) {
      expect(from, `seed ${seed}`).toBe(status);
      expect(to, `seed ${seed}`).not.toBe(from);
      expect(untilMs === null, `seed ${seed}`).toBe(to === "healthy" || to === "trial");
      status = to;
    }
  }
});
