// How calls are shared among deployments that work: evenly, by weight, and away from slow ones.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Caller, callMany, tally } from "../../support/caller.ts";
import { type CountingProvider, startCountingProvider } from "../../support/counting-provider.ts";
import { type Headgate, startHeadgate } from "../../support/headgate.ts";
import { addEndpoint, change, patchModel } from "./pool.ts";

let a: CountingProvider;
let b: CountingProvider;
let headgate: Headgate;
let caller: Caller;

beforeAll(async () => {
  a = await startCountingProvider();
  b = await startCountingProvider();
  headgate = await startHeadgate({ logLevel: "warn" });
  // A model of its own for each test: what is learned of a deployment stays with it.
  const models = ["sequential", "together", "cold", "by-weight", "virtual", "slow-sequential", "slow-together"];
  await addEndpoint(headgate, "a", a.baseUrl, models);
  await addEndpoint(headgate, "b", b.baseUrl, models);
  await addEndpoint(headgate, "heavy", a.baseUrl, ["endpoint-weight"], { weight: 80 });
  await addEndpoint(headgate, "light", b.baseUrl, ["endpoint-weight"], { weight: 20 });
  const targets = [
    { endpoint: "a", model: "virtual", weight: 80 },
    { endpoint: "b", model: "virtual", weight: 20 },
  ];
  await change(headgate, "POST", "/models", { name: "eighty-twenty", targets });
  caller = new Caller(headgate.url, await headgate.createKey());
});
afterAll(async () => {
  await caller?.close();
  await headgate?.stop();
  await a?.stop();
  await b?.stop();
});
beforeEach(() => {
  for (const provider of [a, b]) {
    provider.forget();
    provider.answer = {};
  }
});

/** How much of `count` calls `a` got, in percent; all of them succeed at the first attempt. */
async function shareOfA(model: string, count: number, atOnce: number): Promise<number> {
  const answers = await callMany(count, atOnce, () => caller.call(model));
  expect(tally(answers.map(({ status, attempts }) => `${status} after ${attempts}`))).toEqual({ "200 after 1": count });
  expect(a.calls + b.calls).toBe(count);
  return (100 * a.calls) / count;
}

/** When it fails: on a machine that stalls, equal endpoints are not equal all the time, nor is a slow one always the slower one. */
const again = { retry: 2, timeout: 60_000 };

describe("two equal endpoints, 1,000 requests: each gets 40-60 % (first-gateway 11)", again, () => {
  test("one after the other", async () => {
    const share = await shareOfA("sequential", 1000, 1);
    expect(share).toBeGreaterThanOrEqual(40);
    expect(share).toBeLessThanOrEqual(60);
  });

  test("20 at a time", async () => {
    const share = await shareOfA("together", 1000, 20);
    expect(share).toBeGreaterThanOrEqual(40);
    expect(share).toBeLessThanOrEqual(60);
  });

  test("one after the other, with one that was slow to connect", async () => {
    a.answer = (call) => (call === 1 ? { delayMs: 400 } : {});
    const share = await shareOfA("cold", 1000, 1);
    expect(share).toBeGreaterThanOrEqual(40);
    expect(share).toBeLessThanOrEqual(60);
  });
});

// More calls than the case's 1,000: those are off by 4 points in one run of 600 by chance alone.
describe("weights of 80 and 20: within 4 points (control-layer 34)", again, () => {
  test("a pool with the strategy weighted", async () => {
    const targets = [
      { endpoint: "a", model: "by-weight", weight: 80 },
      { endpoint: "b", model: "by-weight", weight: 20 },
    ];
    await patchModel(headgate, "by-weight", { strategy: "weighted", targets });
    const share = await shareOfA("by-weight", 3000, 20);
    expect(Math.abs(share - 80)).toBeLessThanOrEqual(4);
  });

  test("balanced, by the weights of the endpoints", async () => {
    const share = await shareOfA("endpoint-weight", 3000, 20);
    expect(Math.abs(share - 80)).toBeLessThanOrEqual(4);
  });

  test("a virtual model, balanced", async () => {
    const share = await shareOfA("eighty-twenty", 3000, 10);
    expect(Math.abs(share - 80)).toBeLessThanOrEqual(4);
  });
});

describe("an endpoint 10 times slower than the other gets less than a quarter", again, () => {
  test("20 at a time", async () => {
    a.answer = { delayMs: 100 };
    b.answer = { delayMs: 10 };
    expect(await shareOfA("slow-together", 1000, 20)).toBeLessThan(25);
  });

  test("one after the other", async () => {
    a.answer = { delayMs: 80 };
    b.answer = { delayMs: 8 };
    expect(await shareOfA("slow-sequential", 300, 1)).toBeLessThan(25);
  });
});
