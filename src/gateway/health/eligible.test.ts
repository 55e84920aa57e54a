// Which targets of a model an attempt may go to.
import { describe, expect, test } from "vitest";
import { DeploymentState } from "./deployment-state.ts";
import { eligible } from "./eligible.ts";
import { healthCandidate, type StateCandidate } from "./fixtures/health-candidate.ts";
import { succeeded } from "./pending-attempt.ts";

const http500 = { kind: "failure", cause: "http 500" } as const;
const firstOf = (nowMs: number) => ({ nowMs, isFirst: true, mayRetry: true });

function candidate(id: string, rank: { weight?: number; priority?: number } = {}): StateCandidate {
  return healthCandidate(new DeploymentState(id, { random: () => 0.5, onTransition: () => undefined }), rank);
}

function bench({ load }: StateCandidate, nowMs: number): void {
  for (let call = 0; call < 5; call++) load.begin(nowMs).end(http500, nowMs);
}

function rest({ load }: StateCandidate, restMs: number, nowMs: number): void {
  load.begin(nowMs).end({ kind: "limited", restMs, cause: "http 429" }, nowMs);
}

describe("eligible", () => {
  test("all that are ready, in their order", () => {
    const [a, b, c] = [candidate("a"), candidate("b"), candidate("c")];
    expect(eligible([a, b, c], firstOf(0))).toEqual({ kind: "ready", ready: [a, b, c] });
    bench(b, 0);
    expect(eligible([a, b, c], firstOf(0))).toEqual({ kind: "ready", ready: [a, c] });
    rest(a, 1000, 0);
    expect(eligible([a, b, c], firstOf(0))).toEqual({ kind: "ready", ready: [c] });
  });

  test("nothing of nothing", () => {
    expect(eligible([], firstOf(0))).toEqual({ kind: "none" });
  });

  describe("a due trial", () => {
    test("goes to the next first attempt that may be retried, and to one only", () => {
      const [a, b] = [candidate("a"), candidate("b")];
      bench(b, 0);
      expect(eligible([a, b], firstOf(5000))).toEqual({ kind: "trial", candidate: b });
      const trial = b.load.begin(5000);
      expect(eligible([a, b], firstOf(5001))).toEqual({ kind: "ready", ready: [a] });
      trial.end(succeeded, 5100);
      expect(eligible([a, b], firstOf(5100))).toEqual({ kind: "ready", ready: [a, b] });
    });

    test("never to a later attempt while another target is ready: a call is not used up in trials", () => {
      const [a, b] = [candidate("a"), candidate("b")];
      bench(b, 0);
      expect(eligible([a, b], { nowMs: 60_000, isFirst: false, mayRetry: true })).toEqual({ kind: "ready", ready: [a] });
      expect(eligible([b], { nowMs: 60_000, isFirst: false, mayRetry: true })).toEqual({ kind: "trial", candidate: b });
    });

    test("to a call that can't be retried only after five seconds: a model that never retries gets its targets back", () => {
      const [a, b] = [candidate("a"), candidate("b")];
      bench(b, 0);
      const onlyTry = (nowMs: number) => ({ nowMs, isFirst: true, mayRetry: false });
      expect(eligible([a, b], onlyTry(9999))).toEqual({ kind: "ready", ready: [a] });
      expect(eligible([a, b], onlyTry(10_000))).toEqual({ kind: "trial", candidate: b });
      expect(eligible([b], onlyTry(5000))).toEqual({ kind: "trial", candidate: b });
    });

    test("first of the one that has been due for longest", () => {
      const [a, b, c] = [candidate("a"), candidate("b"), candidate("c")];
      bench(b, 1000);
      bench(a, 2000);
      expect(eligible([a, b, c], firstOf(8000))).toEqual({ kind: "trial", candidate: b });
    });

    test("not of a target that would not be used in health either", () => {
      const first = candidate("first", { priority: 1 });
      const standby = candidate("standby", { priority: 2 });
      const spare = candidate("spare", { priority: 1, weight: 0 });
      bench(standby, 0);
      bench(spare, 0);
      expect(eligible([first, standby, spare], firstOf(60_000))).toEqual({ kind: "ready", ready: [first] });
      expect(eligible([standby, spare], firstOf(60_000))).toEqual({ kind: "trial", candidate: standby });
    });

    test("of an earlier tier than what is ready, though another of a later tier is due for longer", () => {
      const [first, second] = [candidate("first", { priority: 1 }), candidate("second", { priority: 2 })];
      const third = candidate("third", { priority: 3 });
      bench(third, 0);
      bench(first, 1000);
      expect(eligible([first, second, third], firstOf(60_000))).toEqual({ kind: "trial", candidate: first });
    });
  });

  describe("the last one standing", () => {
    test("is used though it is benched", () => {
      const [a, b] = [candidate("a"), candidate("b")];
      bench(a, 0);
      expect(eligible([a], firstOf(1))).toEqual({ kind: "last-standing", benched: [a] });
      rest(b, 60_000, 0);
      expect(eligible([a, b], firstOf(1))).toEqual({ kind: "last-standing", benched: [a] });
    });

    test("is everything after an incident that hit all at once", () => {
      const all = [candidate("a"), candidate("b"), candidate("c")];
      for (const each of all) bench(each, 0);
      expect(eligible(all, firstOf(1))).toEqual({ kind: "last-standing", benched: all });
    });

    test("is not what had failed for long before the others did", () => {
      const [dead, a, b] = [candidate("dead"), candidate("a"), candidate("b")];
      bench(dead, 0);
      dead.load.begin(5000).end(http500, 5000);
      bench(a, 6000);
      bench(b, 6000);
      expect(eligible([dead, a, b], firstOf(6001))).toEqual({ kind: "last-standing", benched: [a, b] });
      expect(eligible([dead], firstOf(6001))).toEqual({ kind: "last-standing", benched: [dead] });
    });
  });

  test("nothing while all rest, for as long as the first of them does", () => {
    const [a, b] = [candidate("a"), candidate("b")];
    rest(a, 30_000, 0);
    rest(b, 7000, 0);
    expect(eligible([a, b], firstOf(1000))).toEqual({ kind: "all-resting", retryAfterMs: 6000 });
    expect(eligible([a, b], firstOf(7000))).toEqual({ kind: "ready", ready: [b] });
  });

  test("being the last one standing is a matter of the model: the same deployment is left out of another", () => {
    const [shared, other] = [candidate("shared"), candidate("other")];
    bench(shared, 0);
    expect(eligible([shared], firstOf(1)).kind).toBe("last-standing");
    expect(eligible([shared, other], firstOf(1))).toEqual({ kind: "ready", ready: [other] });
  });
});
