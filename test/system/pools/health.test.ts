// What Headgate makes of failures and pauses: benched, tried again, resting; who sees it; what it survives and what it does not.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Caller, callMany, tally } from "../../support/caller.ts";
import { type CountingProvider, startCountingProvider } from "../../support/counting-provider.ts";
import { eventually } from "../../support/eventually.ts";
import { type Headgate, startHeadgate } from "../../support/headgate.ts";
import { addEndpoint, change, healthAt, modelNamed, patchModel, transitionsAt } from "./pool.ts";

let headgate: Headgate;
let caller: Caller;
const providers: CountingProvider[] = [];

beforeAll(async () => {
  headgate = await startHeadgate({ logLevel: "info", workersMax: 1 });
  caller = new Caller(headgate.url, await headgate.createKey());
});
afterAll(async () => {
  await caller?.close();
  await headgate?.stop();
  for (const provider of providers) await provider.stop();
});

/** Two endpoints, `<model>-1` and `<model>-2`, that share the calls of a model of its own evenly, however quick they are. */
async function poolOfTwo(model: string): Promise<{ first: CountingProvider; second: CountingProvider; ids: string[] }> {
  const [first, second] = await Promise.all([startCountingProvider(), startCountingProvider()]);
  providers.push(first, second);
  const ids: string[] = [];
  for (const [index, { baseUrl }] of [first, second].entries()) {
    ids.push((await addEndpoint(headgate, `${model}-${index + 1}`, baseUrl, [model])).id);
  }
  await patchModel(headgate, model, { strategy: "weighted" });
  return { first, second, ids };
}

/** Calls until the first endpoint has failed five of them; the callers notice nothing. */
async function benchFirst(model: string, first: CountingProvider): Promise<void> {
  first.answer = { status: 500 };
  const callsBefore = first.calls;
  while (first.calls < callsBefore + 5) expect(await caller.call(model)).toMatchObject({ status: 200 });
  expect((await healthAt(headgate, model, `${model}-1`)).status).toBe("benched");
}

/** Calls by endpoint. */
async function whoAnswers(model: string, count: number): Promise<Record<string, number>> {
  const answers = await callMany(count, 1, () => caller.call(model));
  return tally(answers.map(({ status, endpoint, attempts }) => `${endpoint}: ${status} after ${attempts}`));
}

const fromNowMs = (time: string) => Date.parse(time) - Date.now();

describe.concurrent("429 with retry-after", () => {
  test("rests that deployment for so long and no longer, the others get everything (first-gateway 13)", async () => {
    const { first } = await poolOfTwo("limited");
    await whoAnswers("limited", 20);
    first.answer = { status: 429, headers: { "retry-after": "6" } };
    const limited = await eventually(async () => {
      const askedAtMs = Date.now();
      const { status, attempts } = await caller.call("limited");
      expect(status).toBe(200);
      return attempts === 2 && { askedAtMs, answeredAtMs: Date.now() };
    });
    const health = await healthAt(headgate, "limited", "limited-1");
    expect(health).toMatchObject({ status: "resting", cause: "status 429" });
    // From the moment of its answer, which came during the call.
    const untilMs = Date.parse(health.until);
    expect(untilMs).toBeGreaterThanOrEqual(limited.askedAtMs + 6000);
    expect(untilMs).toBeLessThanOrEqual(limited.answeredAtMs + 6000);

    // It would answer, but asked not to be called.
    first.answer = {};
    const callsBefore = first.calls;
    expect(await whoAnswers("limited", 20)).toEqual({ "limited-2: 200 after 1": 20 });
    expect(first.calls).toBe(callsBefore);
    await eventually(async () => (await caller.call("limited")).endpoint === "limited-1", { timeoutMs: 20_000 });
    expect(Date.now()).toBeGreaterThanOrEqual(untilMs);
    expect(await healthAt(headgate, "limited", "limited-1")).toMatchObject({ status: "healthy", cause: null, until: null });
    expect((await transitionsAt(headgate, "limited-1")).map((one) => `${one.change}: ${one.cause}`)).toEqual([
      "healthy → resting: status 429",
      "resting → healthy: its rest is over",
    ]);
    expect(Object.keys(await whoAnswers("limited", 50))).toHaveLength(2);
  });

  test("without a time of its own is a second's rest, and nobody is benched for limits", async () => {
    const { first } = await poolOfTwo("limited-often");
    first.answer = { status: 429 };
    for (let round = 0; round < 3; round++) {
      const limited = await eventually(async () => {
        const askedAtMs = Date.now();
        return (await caller.call("limited-often")).attempts === 2 && { askedAtMs, answeredAtMs: Date.now() };
      });
      // Not as it is now: on a machine that stalls, a second may be over already.
      const rest = (await transitionsAt(headgate, "limited-often-1")).at(-1);
      expect(rest?.change).toBe("healthy → resting");
      const untilMs = Date.parse(rest?.until as string);
      expect(untilMs).toBeGreaterThanOrEqual(limited.askedAtMs + 1000);
      expect(untilMs).toBeLessThanOrEqual(limited.answeredAtMs + 1000);
    }
    expect(tally((await transitionsAt(headgate, "limited-often-1")).map((one) => one.change))).not.toHaveProperty(
      "healthy → benched",
    );
  });
});

describe.concurrent("five failures in a row", { timeout: 60_000 }, () => {
  test("bench a deployment: shown, logged with the cause, out of use, tried after 5 s, and back", async () => {
    const { first } = await poolOfTwo("benched");
    await benchFirst("benched", first);
    // The calls that found it out were answered by the other one.
    expect(first.calls).toBe(5);
    const health = await healthAt(headgate, "benched", "benched-1");
    expect(health).toMatchObject({ status: "benched", cause: "5 failures in a row: status 500", in_flight: 0 });
    expect(fromNowMs(health.until)).toBeLessThanOrEqual(5500);
    expect(Date.parse(health.until) - Date.parse(health.since)).toBeGreaterThan(2000);
    expect(fromNowMs(health.since)).toBeLessThanOrEqual(0);
    expect((await healthAt(headgate, "benched", "benched-2")).status).toBe("healthy");
    expect(await whoAnswers("benched", 20)).toEqual({ "benched-2: 200 after 1": 20 });
    expect(first.calls).toBe(5);

    // A trial that fails costs its caller nothing, and doubles the bench.
    const trial = await eventually(
      async () => {
        const askedAtMs = Date.now();
        return (await caller.call("benched")).attempts === 2 && { askedAtMs, answeredAtMs: Date.now() };
      },
      { timeoutMs: 20_000 },
    );
    expect(trial.answeredAtMs).toBeGreaterThanOrEqual(Date.parse(health.until));
    const again = await healthAt(headgate, "benched", "benched-1");
    expect(again).toMatchObject({ status: "benched", cause: "a trial failed: status 500" });
    // From the begin of the trial, 10 s and a tenth more or less.
    expect(Date.parse(again.until)).toBeGreaterThanOrEqual(trial.askedAtMs + 8999);
    expect(Date.parse(again.until)).toBeLessThanOrEqual(trial.answeredAtMs + 11_000);
    expect(first.calls).toBe(6);

    first.answer = {};
    await eventually(async () => (await caller.call("benched")).endpoint === "benched-1", { timeoutMs: 25_000 });
    expect(await healthAt(headgate, "benched", "benched-1")).toMatchObject({ status: "healthy", cause: null, until: null });
    const logged = await transitionsAt(headgate, "benched-1");
    expect(logged.map((one) => `${one.change}: ${one.cause}`)).toEqual([
      "healthy → benched: 5 failures in a row: status 500",
      "benched → trial: its bench is over",
      "trial → benched: a trial failed: status 500",
      "benched → trial: its bench is over",
      "trial → healthy: a trial succeeded",
    ]);
    expect(logged.map(({ until }) => until !== undefined)).toEqual([true, false, true, false, false]);
    expect(Object.keys(await whoAnswers("benched", 50))).toHaveLength(2);
  });

  test("the bench outlasts changes of anything else, but not an edit of its own endpoint", async () => {
    const { first, ids } = await poolOfTwo("edited");
    await benchFirst("edited", first);
    first.answer = {};
    const { until } = await healthAt(headgate, "edited", "edited-1");
    // Its time may be over by then, on a machine that stalls: then it waits for its trial, and is not healthy either.
    const asBefore = { status: "benched", until };
    const dueSince = { status: "trial", since: until };
    await headgate.createKey({ name: "another" });
    await addEndpoint(headgate, "unrelated", "http://127.0.0.1:1/v1", ["unrelated"]);
    await patchModel(headgate, "unrelated", { strategy: "weighted" });
    await patchModel(headgate, "edited", { strategy: "balanced", max_attempts: 3 });
    await patchModel(headgate, "edited", { strategy: "weighted" });
    await change(headgate, "POST", "/models", { name: "over-it", targets: [{ endpoint: "edited-1", model: "edited" }] });
    await change(headgate, "PATCH", `/endpoints/${ids[1]}`, { description: "the other one is edited", sync: false });
    const later = await healthAt(headgate, "edited", "edited-1");
    expect(later).toMatchObject(later.status === "trial" ? dueSince : asBefore);
    // The same deployment under another name.
    const other = await healthAt(headgate, "over-it", "edited-1");
    expect(other).toMatchObject(other.status === "trial" ? dueSince : asBefore);

    await change(headgate, "PATCH", `/endpoints/${ids[0]}`, { headers: { "x-mended": "yes" }, sync: false });
    expect((await healthAt(headgate, "edited", "edited-1")).status).toBe("healthy");
    expect(Object.keys(await whoAnswers("edited", 50))).toHaveLength(2);
    expect((await transitionsAt(headgate, "edited-1")).at(-1)).toMatchObject({
      change: "benched → healthy",
      cause: "its endpoint was edited",
    });
  });

  test("half of at least 20 in 30 s bench as well", async () => {
    const { first } = await poolOfTwo("flaky");
    // A sixteenth of all calls fail there: well within the budget of retries.
    const targets = [1, 2].map((index) => ({ endpoint: `flaky-${index}`, model: "flaky", weight: index === 1 ? 1 : 7 }));
    await patchModel(headgate, "flaky", { targets });
    first.answer = (call) => (call % 2 === 0 ? {} : { status: 503 });
    const health = await eventually(
      async () => {
        const answers = await callMany(20, 1, () => caller.call("flaky"));
        expect(tally(answers.map(({ status }) => status))).toEqual({ "200": 20 });
        const seen = await healthAt(headgate, "flaky", "flaky-1");
        return seen.status === "benched" && seen;
      },
      { timeoutMs: 30_000 },
    );
    expect(health.cause).toMatch(/^1[0-9] of 2[0-9] failed: status 503$/);
    expect(first.calls).toBeGreaterThanOrEqual(20);
  });
});

describe.concurrent("the last one standing is never benched", () => {
  test("a single deployment gets every call, however often it fails", async () => {
    const provider = await startCountingProvider({ status: 500 });
    providers.push(provider);
    await addEndpoint(headgate, "alone", provider.baseUrl, ["alone"]);
    expect(await whoAnswers("alone", 50)).toEqual({ "alone: 500 after 1": 50 });
    expect(provider.calls).toBe(50);
    provider.answer = {};
    expect(await whoAnswers("alone", 5)).toEqual({ "alone: 200 after 1": 5 });
  });

  test("of two that fail, both are called on, and the first to recover serves at once", async () => {
    const { first, second } = await poolOfTwo("both");
    first.answer = second.answer = { status: 500 };
    const answers = await callMany(100, 1, () => caller.call("both"));
    expect(tally(answers.map(({ status }) => status))).toEqual({ "500": 100 });
    expect(answers.filter(({ attempts }) => attempts === 0)).toEqual([]);
    expect(first.calls + second.calls).toBeGreaterThanOrEqual(100);
    const { deployments } = await modelNamed(headgate, "both");
    expect(deployments.map(({ health }: { health: { status: string } }) => health.status)).not.toContain("healthy");
    first.answer = second.answer = {};
    expect(tally((await callMany(20, 1, () => caller.call("both"))).map(({ status }) => status))).toEqual({ "200": 20 });
  });

  test("of two, with one benched, the other goes on being called when it fails, too", async () => {
    const { first, second } = await poolOfTwo("other");
    await benchFirst("other", first);
    second.answer = { status: 500 };
    const before = second.calls;
    // Of 50, chance leaves the other less than 15 in one run of 26,000.
    await callMany(150, 1, () => caller.call("other"));
    expect(second.calls - before).toBeGreaterThanOrEqual(45);
    expect(first.calls + second.calls - before - 5).toBeGreaterThanOrEqual(150);
  });
});

test("what callers do wrong, and callers who leave, say nothing against a deployment", async () => {
  const { first, second } = await poolOfTwo("innocent");
  first.answer = second.answer = { status: 400 };
  expect(tally((await callMany(60, 6, () => caller.call("innocent"))).map(({ status }) => status))).toEqual({ "400": 60 });
  first.answer = second.answer = { hangs: true };
  const hasty = new Caller(headgate.url, await headgate.createKey());
  const waiting = callMany(20, 20, () => hasty.call("innocent"));
  await eventually(() => first.calls + second.calls >= 80);
  await hasty.close();
  await waiting;
  const { deployments } = await eventually(async () => {
    const model = await modelNamed(headgate, "innocent");
    return model.deployments.every(({ health }: { health: { in_flight: number } }) => health.in_flight === 0) && model;
  });
  expect(deployments.map(({ health }: { health: { status: string } }) => health.status)).toEqual(["healthy", "healthy"]);
  first.answer = second.answer = {};
  expect(Object.values(await whoAnswers("innocent", 20)).reduce((sum, count) => sum + count, 0)).toBe(20);
});
