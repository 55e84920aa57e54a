// One of three endpoints dies for 30 s under 200 calls a second, in each of three ways at once: nobody's call fails, hardly any goes
// there, and it is used again soon after it is back.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CallAnswered, Caller, callAtRate, tally } from "../../support/caller.ts";
import { type CountingProvider, startCountingProvider } from "../../support/counting-provider.ts";
import { eventually } from "../../support/eventually.ts";
import { type Headgate, startHeadgate } from "../../support/headgate.ts";
import type { LooseJson } from "../../support/loose-json.ts";
import { Standstill } from "../../support/standstill.ts";
import { addEndpoint, transitionsAt } from "./pool.ts";

const callsPerSecond = 200;
const outageMs = 30_000;
/** Long enough for a budget of retries that lasts until it is noticed, and shorter than a bench. */
const healthyMs = 4000;

interface Outage {
  begin(provider: CountingProvider): Promise<void>;
  end(provider: CountingProvider): Promise<void>;
}

/** Usually it takes a second; a machine that has a tenth of the time for all of it, callers and providers too, takes several. */
const noticedWithinMs = outageMs / 3;

const outages: Record<string, Outage> = {
  killed: { begin: (provider) => provider.stop(), end: (provider) => provider.start() },
  hung: {
    async begin(provider) {
      provider.answer = { hangs: true };
    },
    async end(provider) {
      provider.answer = {};
    },
  },
  failing: {
    async begin(provider) {
      provider.answer = { status: 500 };
    },
    async end(provider) {
      provider.answer = {};
    },
  },
};
const names = Object.keys(outages);

interface Observed {
  answers: CallAnswered[];
  callsMeanwhile: number;
  /** From the begin of the outage until its endpoint was benched, without what the process stood still. */
  noticedAfterMs: number;
  /** Attempts at the endpoint that was out, while it was, of calls that began when it was known. */
  lateAttempts: number;
  /** From its recovery to the first call that came there, without what the process stood still; null: there was none within 30 s. */
  backAfterMs: number | null;
  transitions: string[];
}

let headgate: Headgate;
const observed = new Map<string, Observed>();
const cleanUps: (() => Promise<void>)[] = [];

beforeAll(async () => {
  // What a machine that stalls makes up for at once is no overload here.
  headgate = await startHeadgate({ logLevel: "info", config: { server: { overload_lag: "10s" } } });
  cleanUps.push(() => headgate.stop());
  const caller = new Caller(headgate.url, await headgate.createKey());
  cleanUps.push(() => caller.close());
  await Promise.all(names.map(async (name) => observed.set(name, await goThrough(name, outages[name] as Outage, caller))));
}, 150_000);
afterAll(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
});

async function goThrough(name: string, outage: Outage, caller: Caller): Promise<Observed> {
  const providers = await Promise.all([1, 2, 3].map(() => startCountingProvider()));
  for (const [index, provider] of providers.entries()) {
    cleanUps.push(() => provider.stop());
    // Those that no outage needs are longer: on a machine that stalls, the endpoints would not be the ones to blame.
    const timeouts = index === 1 && name === "hung" ? { first_byte: "1s", total: "1s" } : { total: "20s" };
    await addEndpoint(headgate, `${name}-${index}`, provider.baseUrl, [name], { timeouts });
  }
  const dying = providers[1] as CountingProvider;
  // As many as are under way while the first ones wait for their timeouts.
  const load = callAtRate(callsPerSecond, () => caller.call(name), { atOnceMax: 300 });
  cleanUps.push(async () => void (await load.stop()));
  const standstill = new Standstill();
  cleanUps.push(async () => standstill.stop());
  await pass(healthyMs);

  const beganAtMs = Date.now();
  const stoodMs = standstill.totalMs;
  await outage.begin(dying);
  const noticedAtMs = await eventually(() => benchedSince(`${name}-1`, beganAtMs), {
    timeoutMs: outageMs / 2,
    everyMs: 200,
  }).catch(() => Date.now());
  // Having stood still, Headgate waits for as long again before it blames an endpoint.
  const noticedAfterMs = noticedAtMs - beganAtMs - 2 * (standstill.totalMs - stoodMs);
  await pass(outageMs - (Date.now() - beganAtMs));
  await outage.end(dying);
  const endedAtMs = Date.now();
  const stoodAtEndMs = standstill.totalMs;
  const callsAtEnd = dying.calls;
  const isBack = () => dying.calls > callsAtEnd;
  const backAfterMs = await eventually(isBack, { timeoutMs: 30_000 }).then(
    () => Date.now() - endedAtMs - (standstill.totalMs - stoodAtEndMs),
    () => null,
  );
  // As it is then: on a machine that stalls, it may be benched again later.
  const transitionsThen = async () =>
    (await transitionsAt(headgate, `${name}-1`)).map(({ change, cause }) => `${change} (${cause})`);
  const hasRecovered = async () => (await transitionsThen()).at(-1)?.startsWith("trial → healthy");
  await eventually(hasRecovered, { everyMs: 500 }).catch(() => null);
  const transitions = await transitionsThen();
  await pass(1000);
  const answers = await load.stop();

  const meanwhile = answers.filter(({ startedAtMs }) => startedAtMs > beganAtMs && startedAtMs < endedAtMs);
  const late = meanwhile.filter(({ startedAtMs }) => startedAtMs > noticedAtMs);
  // Whatever a call tried in vain, it tried there: the others are well. What was tried at a closed port, nobody else can count.
  const lateAttempts = late.reduce((sum, { attempts }) => sum + attempts - 1, 0);
  return { answers, callsMeanwhile: meanwhile.length, noticedAfterMs, lateAttempts, backAfterMs, transitions };
}

/** When the endpoint was benched, ms since the epoch: the first time since then. */
function benchedSince(endpoint: string, sinceMs: number): number | undefined {
  return headgate
    .logText()
    .split("\n")
    .filter((line) => line.includes("a deployment's health has changed"))
    .map((line): LooseJson => JSON.parse(line))
    .filter((line) => line.endpoint === endpoint && line.to === "benched")
    .map(({ time }) => Date.parse(time))
    .find((atMs) => atMs >= sinceMs);
}

function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

describe.each(names)("one of three endpoints %s for 30 s under 200 requests/s", (name) => {
  const of = () => observed.get(name) as Observed;

  test("no call fails", () => {
    const { answers, callsMeanwhile, transitions } = of();
    // All of them, but for a machine that is too slow to make them.
    expect(callsMeanwhile).toBeGreaterThan(0.5 * callsPerSecond * (outageMs / 1000));
    const failed = answers.filter(({ status, broken }) => status !== 200 || broken !== null);
    const said = tally(failed.map(({ status, broken, text, attempts }) => `${status} ${broken ?? text} after ${attempts}`));
    expect(said, `of ${answers.length} calls; ${transitions.join(", ")}`).toEqual({});
  });

  test("fewer than 1 % of the calls touch it once it is noticed", () => {
    const { answers, callsMeanwhile, noticedAfterMs, lateAttempts, transitions } = of();
    expect(noticedAfterMs, transitions.join(", ")).toBeLessThanOrEqual(noticedWithinMs);
    const said = `${lateAttempts} attempts of ${callsMeanwhile} calls; ${transitions.join(", ")}`;
    expect(lateAttempts / callsMeanwhile, said).toBeLessThan(0.01);
    expect(tally(answers.map(({ endpoint }) => endpoint))[`${name}-1`]).toBeGreaterThan(0);
  });

  test("it is back in use within 10 s of its recovery", () => {
    const { backAfterMs, transitions } = of();
    expect(backAfterMs ?? Number.POSITIVE_INFINITY, transitions.join(", ")).toBeLessThanOrEqual(10_000);
    expect(transitions.at(-1)).toBe("trial → healthy (a trial succeeded)");
  });
});
