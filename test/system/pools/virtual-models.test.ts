// Virtual models: names over deployments of any endpoints, with tiers and weights, and where their calls go when things break.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Caller, callMany, tally } from "../../support/caller.ts";
import { type CountingProvider, startCountingProvider } from "../../support/counting-provider.ts";
import { eventually } from "../../support/eventually.ts";
import { type Headgate, startHeadgate } from "../../support/headgate.ts";
import type { LooseJson } from "../../support/loose-json.ts";
import { startProvider } from "../../support/provider.ts";
import { addEndpoint, change, healthAt, ledgerRow, modelNamed, patchModel } from "./pool.ts";

let headgate: Headgate;
let caller: Caller;
const providers: CountingProvider[] = [];

beforeAll(async () => {
  headgate = await startHeadgate({ logLevel: "warn", workersMax: 1 });
  caller = new Caller(headgate.url, await headgate.createKey());
});
afterAll(async () => {
  await caller?.close();
  await headgate?.stop();
  for (const provider of providers) await provider.stop();
});

/** Three endpoints `a`, `b` and `c` of a test's own, named `<test>-a`, … as their models are. */
async function threeEndpoints(test: string): Promise<{ a: CountingProvider; b: CountingProvider; c: CountingProvider }> {
  const [a, b, c] = await Promise.all([startCountingProvider(), startCountingProvider(), startCountingProvider()]);
  providers.push(a, b, c);
  for (const [name, { baseUrl }] of [["a", a] as const, ["b", b] as const, ["c", c] as const]) {
    await addEndpoint(headgate, `${test}-${name}`, baseUrl, [`${test}-${name}`]);
  }
  return { a, b, c };
}

/** A virtual model with these targets: endpoint, priority, weight. */
function virtual(test: string, strategy: string, targets: readonly [string, number, number][]): Promise<LooseJson> {
  const listed = targets.map(([name, priority, weight]) => {
    return { endpoint: `${test}-${name}`, model: `${test}-${name}`, priority, weight };
  });
  return change(headgate, "POST", "/models", { name: test, strategy, targets: listed });
}

/** `<endpoint>: <status>` → calls. */
async function whoAnswers(model: string, count: number): Promise<Record<string, number>> {
  const answers = await callMany(count, 4, () => caller.call(model));
  return tally(answers.map(({ status, endpoint }) => `${endpoint.slice(-1)}: ${status}`));
}

describe.concurrent("tiers", () => {
  test.each(["balanced", "weighted"])(
    "%s: the first until all of it fails, then the next, and back",
    {
      timeout: 90_000,
    },
    async (name) => {
      const { a, b } = await threeEndpoints(name);
      await virtual(name, name, [
        ["a", 0, 1],
        ["b", 0, 1],
        ["c", 1, 1],
      ]);
      expect(Object.keys(await whoAnswers(name, 100)).sort()).toEqual(["a: 200", "b: 200"]);
      a.answer = { status: 500 };
      expect(await whoAnswers(name, 100)).toEqual({ "b: 200": 100 });
      b.answer = { status: 500 };
      const answers = await callMany(200, 4, () => caller.call(name));
      expect(tally(answers.map(({ status, endpoint }) => `${endpoint.slice(-1)}: ${status}`))).toEqual({ "c: 200": 200 });
      // Straight there, once the others are known to be out; a trial now and then is all that may still be made of them.
      expect(answers.slice(-100).filter(({ attempts }) => attempts > 1).length).toBeLessThanOrEqual(4);

      a.answer = b.answer = {};
      await eventually(
        async () => {
          await callMany(10, 2, () => caller.call(name));
          const healths = await Promise.all(["a", "b"].map((endpoint) => healthAt(headgate, name, `${name}-${endpoint}`)));
          return healths.every(({ status }) => status === "healthy");
        },
        // A trial that failed doubles the bench, as on a machine that took more than five seconds up to here.
        { timeoutMs: 40_000 },
      );
      expect(Object.keys(await whoAnswers(name, 100)).sort()).toEqual(["a: 200", "b: 200"]);
    },
  );
});

describe.concurrent("weights", () => {
  test("hold inside the tier, and a change of them at once", async () => {
    await threeEndpoints("weights");
    await virtual("weights", "weighted", [
      ["a", 0, 3],
      ["b", 0, 1],
      ["c", 7, 100],
    ]);
    const before = await whoAnswers("weights", 1000);
    expect(before["c: 200"]).toBeUndefined();
    expect(Math.abs((before["a: 200"] ?? 0) / 1000 - 0.75), JSON.stringify(before)).toBeLessThan(0.08);
    await patchModel(headgate, "weights", {
      targets: [
        { endpoint: "weights-a", model: "weights-a" },
        { endpoint: "weights-c", model: "weights-c" },
      ],
    });
    const after = await whoAnswers("weights", 500);
    expect(after["b: 200"]).toBeUndefined();
    expect(Math.abs((after["a: 200"] ?? 0) / 500 - 0.5), JSON.stringify(after)).toBeLessThan(0.12);
  });

  test("of 0 are for when no other can take the call", async () => {
    const { a } = await threeEndpoints("zero");
    await virtual("zero", "balanced", [
      ["a", 0, 1],
      ["b", 0, 0],
    ]);
    expect(await whoAnswers("zero", 50)).toEqual({ "a: 200": 50 });
    a.answer = { status: 503 };
    expect(await whoAnswers("zero", 10)).toEqual({ "b: 200": 10 });
  });

  test("80/20: the first returns 503, the second answers, both attempts are in the ledger (control-layer 34)", async () => {
    const { a } = await threeEndpoints("eighty");
    await virtual("eighty", "weighted", [
      ["a", 0, 80],
      ["b", 0, 20],
    ]);
    a.answer = { status: 503 };
    const answer = await eventually(async () => {
      const one = await caller.call("eighty");
      expect(one.status).toBe(200);
      return one.attempts === 2 && one;
    });
    const { attempts } = await ledgerRow(headgate, answer.requestId);
    expect(attempts.map(({ endpoint, status, error }: LooseJson) => [endpoint, status, error])).toEqual([
      ["eighty-a", 503, "upstream_error"],
      ["eighty-b", 200, null],
    ]);
  });
});

test("each target gets its own upstream model; the caller and the ledger see the virtual name", async () => {
  const { a } = await threeEndpoints("name");
  await virtual("name", "priority", [
    ["a", 0, 1],
    ["b", 1, 1],
  ]);
  const answer = await caller.call("name");
  expect([answer.headers["x-headgate-model"], answer.endpoint]).toEqual(["name", "name-a"]);
  expect(Object.fromEntries(a.byModel)).toEqual({ "name-a": 1 });
  expect((await ledgerRow(headgate, answer.requestId)).model).toBe("name");
});

describe("priority: a first target that is known to be out costs no attempt (control-layer 35)", () => {
  const summary = async (model: string, count: number) => {
    const answers = await callMany(count, 1, () => caller.call(model));
    return tally(answers.map(({ status, endpoint, attempts }) => `${endpoint}: ${status} after ${attempts}`));
  };

  test("taken out by the breaker", async () => {
    const { a } = await threeEndpoints("breaker");
    await virtual("breaker", "priority", [
      ["a", 0, 1],
      ["b", 1, 1],
    ]);
    a.answer = { status: 500 };
    expect(await summary("breaker", 5)).toEqual({ "breaker-b: 200 after 2": 5 });
    expect((await healthAt(headgate, "breaker", "breaker-a")).status).toBe("benched");
    expect(await summary("breaker", 20)).toEqual({ "breaker-b: 200 after 1": 20 });
    expect(a.calls).toBe(5);
  });

  test("taken offline by a synchronisation", async () => {
    const provider = await startProvider({ models: ["kept", "dropped"] });
    try {
      await threeEndpoints("backup");
      const { id } = await headgate.addEndpoint({ name: "synced", url: `${provider.url}/v1`, sync_interval: 0 });
      const targets = [
        { endpoint: "synced", model: "dropped" },
        { endpoint: "backup-b", model: "backup-b" },
      ];
      await change(headgate, "POST", "/models", { name: "over-synced", strategy: "priority", targets });
      expect(await summary("over-synced", 1)).toEqual({ "synced: 200 after 1": 1 });
      provider.models = ["kept"];
      await change(headgate, "POST", `/endpoints/${id}/synchronize`);
      expect((await modelNamed(headgate, "over-synced")).deployments[0].status).toBe("offline");
      expect(await summary("over-synced", 10)).toEqual({ "backup-b: 200 after 1": 10 });
      expect(provider.calls).toHaveLength(1);
    } finally {
      await provider.close();
    }
  });
});
