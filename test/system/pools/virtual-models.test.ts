// Virtual models: names over deployments of any endpoints, with tiers and weights, and where their calls go when things break.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Caller, callMany, tally } from "../../support/caller.ts";
import { type CountingProvider, startCountingProvider } from "../../support/counting-provider.ts";
import { eventually } from "../../support/eventually.ts";
import { type Headgate, startHeadgate } from "../../support/headgate.ts";
import type { LooseJson } from "../../support/loose-json.ts";
import { type Provider, startProvider } from "../../support/provider.ts";
import { addEndpoint, change, healthAt, ledgerRow, modelNamed, patchModel } from "./pool.ts";

let a: CountingProvider;
let b: CountingProvider;
let c: CountingProvider;
let headgate: Headgate;
let caller: Caller;

beforeAll(async () => {
  [a, b, c] = await Promise.all([startCountingProvider(), startCountingProvider(), startCountingProvider()]);
  headgate = await startHeadgate({ logLevel: "warn" });
  const models = ["tiers", "weights", "pick", "breaker", "zero"];
  for (const [name, { baseUrl }] of [["a", a] as const, ["b", b] as const, ["c", c] as const]) {
    await addEndpoint(headgate, name, baseUrl, models.map((model) => `${model}-${name}`));
  }
  caller = new Caller(headgate.url, await headgate.createKey());
});
afterAll(async () => {
  await caller?.close();
  await headgate?.stop();
  for (const provider of [a, b, c]) await provider?.stop();
});
beforeEach(() => {
  for (const provider of [a, b, c]) {
    provider.forget();
    provider.answer = {};
  }
});

/** `[endpoint, priority, weight]` of deployments that only this model uses. */
function virtual(name: string, strategy: string, targets: [string, number, number][]): Promise<LooseJson> {
  const listed = targets.map(([endpoint, priority, weight]) => ({ endpoint, model: `${name}-${endpoint}`, priority, weight }));
  return change(headgate, "POST", "/models", { name: `virtual-${name}`, strategy, targets: listed });
}

async function whoAnswers(model: string, count: number): Promise<Record<string, number>> {
  const answers = await callMany(count, 4, () => caller.call(model));
  return tally(answers.map(({ status, endpoint }) => `${status} ${endpoint}`));
}

describe.each(["balanced", "weighted"])("tiers, %s", (strategy) => {
  test("the first one takes everything until all of it fails; then the next, and back again", async () => {
    const { id } = await virtual("tiers", strategy, [
      ["a", 0, 1],
      ["b", 0, 1],
      ["c", 1, 1],
    ]);
    const model = "virtual-tiers";
    expect(Object.keys(await whoAnswers(model, 100)).sort()).toEqual(["200 a", "200 b"]);
    a.answer = { status: 500 };
    expect((await whoAnswers(model, 200))["200 c"]).toBeUndefined();
    b.answer = { status: 500 };
    const answers = await callMany(200, 4, () => caller.call(model));
    expect(tally(answers.map(({ status, endpoint }) => `${status} ${endpoint}`))).toEqual({ "200 c": 200 });
    // Straight there, once the others are known to be out.
    expect(answers.slice(-100).filter(({ attempts }) => attempts > 1)).toEqual([]);

    a.answer = b.answer = {};
    await eventually(async () => {
      await callMany(10, 2, () => caller.call(model));
      const healths = await Promise.all(["a", "b"].map((endpoint) => healthAt(headgate, model, endpoint)));
      return healths.every(({ status }) => status === "healthy");
    });
    expect(Object.keys(await whoAnswers(model, 100)).sort()).toEqual(["200 a", "200 b"]);
    await change(headgate, "DELETE", `/models/${id}`);
  });
});

test("weights hold inside the tier, and a change of them at once", async () => {
  await virtual("weights", "weighted", [
    ["a", 0, 3],
    ["b", 0, 1],
    ["c", 7, 100],
  ]);
  const before = await whoAnswers("virtual-weights", 2000);
  expect(before["200 c"]).toBeUndefined();
  expect(Math.abs((before["200 a"] ?? 0) / 2000 - 0.75), JSON.stringify(before)).toBeLessThan(0.05);
  await patchModel(headgate, "virtual-weights", {
    targets: [
      { endpoint: "a", model: "weights-a", weight: 1 },
      { endpoint: "c", model: "weights-c", weight: 1 },
    ],
  });
  const after = await whoAnswers("virtual-weights", 1000);
  expect(after["200 b"]).toBeUndefined();
  expect(Math.abs((after["200 a"] ?? 0) / 1000 - 0.5), JSON.stringify(after)).toBeLessThan(0.1);
});

test("a weight of 0 is for when no other can take the call", async () => {
  await virtual("zero", "balanced", [
    ["a", 0, 1],
    ["b", 0, 0],
  ]);
  expect(await whoAnswers("virtual-zero", 100)).toEqual({ "200 a": 100 });
  a.answer = { status: 503 };
  expect(await whoAnswers("virtual-zero", 20)).toEqual({ "200 b": 20 });
});

test("each target gets its own upstream model, and the caller sees the virtual name", async () => {
  await virtual("pick", "priority", [
    ["a", 0, 1],
    ["b", 1, 1],
  ]);
  const answer = await caller.call("virtual-pick");
  expect([answer.headers["x-headgate-model"], answer.endpoint]).toEqual(["virtual-pick", "a"]);
  expect(tally(a.byModel.keys())).toEqual({ "pick-a": 1 });
  expect((await ledgerRow(headgate, answer.requestId)).model).toBe("virtual-pick");
});

test("80/20: the first returns 503, the second answers, both attempts are in the ledger (control-layer 34)", async () => {
  await change(headgate, "POST", "/models", {
    name: "eighty-twenty",
    strategy: "weighted",
    targets: [
      { endpoint: "a", model: "pick-a", weight: 80 },
      { endpoint: "b", model: "pick-b", weight: 20 },
    ],
  });
  a.answer = { status: 503 };
  const answer = await eventually(async () => {
    const one = await caller.call("eighty-twenty");
    expect(one.status).toBe(200);
    return one.attempts === 2 && one;
  });
  const { attempts } = await ledgerRow(headgate, answer.requestId);
  expect(attempts.map(({ endpoint, status, error }: LooseJson) => [endpoint, status, error])).toEqual([
    ["a", 503, "upstream_error"],
    ["b", 200, null],
  ]);
});

describe("priority: a first target that is known to be out costs no attempt (control-layer 35)", () => {
  test("taken out by the breaker", async () => {
    await virtual("breaker", "priority", [
      ["a", 0, 1],
      ["b", 1, 1],
    ]);
    a.answer = { status: 500 };
    await callMany(5, 1, () => caller.call("virtual-breaker"));
    expect((await healthAt(headgate, "virtual-breaker", "a")).status).toBe("benched");
    const callsBefore = a.calls;
    const answers = await callMany(20, 1, () => caller.call("virtual-breaker"));
    expect(tally(answers.map(({ status, endpoint, attempts }) => `${status} ${endpoint} ${attempts}`))).toEqual({ "200 b 1": 20 });
    expect(a.calls).toBe(callsBefore);
  });

  test("taken offline by a synchronisation", async () => {
    const provider: Provider = await startProvider({ models: ["kept", "dropped"] });
    try {
      const { id } = await headgate.addEndpoint({ name: "synced", url: `${provider.url}/v1`, sync_interval: 0 });
      await change(headgate, "POST", "/models", {
        name: "over-synced",
        strategy: "priority",
        targets: [
          { endpoint: "synced", model: "dropped" },
          { endpoint: "b", model: "pick-b" },
        ],
      });
      expect(await caller.call("over-synced")).toMatchObject({ status: 200, endpoint: "synced", attempts: 1 });
      provider.models = ["kept"];
      await change(headgate, "POST", `/endpoints/${id}/synchronize`);
      expect((await modelNamed(headgate, "over-synced")).deployments[0].status).toBe("offline");
      const answers = await callMany(10, 1, () => caller.call("over-synced"));
      expect(tally(answers.map(({ status, endpoint, attempts }) => `${status} ${endpoint} ${attempts}`))).toEqual({ "200 b 1": 10 });
      expect(provider.calls).toHaveLength(1);
    } finally {
      await provider.close();
    }
  });
});
