// Active probes: a dead endpoint is found out, and found well again, without a call.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Caller, callMany, tally } from "../../support/caller.ts";
import { type CountingProvider, startCountingProvider } from "../../support/counting-provider.ts";
import { eventually } from "../../support/eventually.ts";
import { type Headgate, startHeadgate } from "../../support/headgate.ts";
import { addEndpoint, change, healthAt, transitionsAt } from "./pool.ts";

let headgate: Headgate;
let caller: Caller;
let healthy: CountingProvider;
const providers: CountingProvider[] = [];

beforeAll(async () => {
  headgate = await startHeadgate({ logLevel: "info", workersMax: 1 });
  caller = new Caller(headgate.url, await headgate.createKey());
  healthy = await startCountingProvider();
  providers.push(healthy);
});
afterAll(async () => {
  await caller?.close();
  await headgate?.stop();
  for (const provider of providers) await provider.stop();
});

const deaths: Record<string, { dies(provider: CountingProvider): Promise<void>; cause: RegExp }> = {
  killed: { dies: (provider) => provider.stop(), cause: /^3 probes failed in a row: models: connect/ },
  hung: {
    async dies(provider) {
      provider.answer = { hangs: true };
    },
    cause: /^3 probes failed in a row: models: timeout$/,
  },
  failing: {
    async dies(provider) {
      provider.answer = { status: 503 };
    },
    cause: /^3 probes failed in a row: models: http 503$/,
  },
};

describe.concurrent("an endpoint with a probe of its models", { timeout: 60_000 }, () => {
  test.each(Object.keys(deaths))("%s: benched without any call, gets none, and comes back by itself", async (name) => {
    const { dies, cause } = deaths[name] as (typeof deaths)[string];
    const provider = await startCountingProvider();
    providers.push(provider);
    // Short only where it is waited for: a machine that stalls must not turn another failure into this one.
    const probe = { kind: "models", interval: "1s", timeout: name === "hung" ? "300ms" : "10s" };
    // The first of two, so that every call would go there.
    await addEndpoint(headgate, name, provider.baseUrl, [name], { probe });
    await addEndpoint(headgate, `${name}-spare`, healthy.baseUrl, [`${name}-spare`]);
    const targets = [
      { endpoint: name, model: name },
      { endpoint: `${name}-spare`, model: `${name}-spare` },
    ];
    await change(headgate, "POST", "/models", { name: `${name}-model`, strategy: "priority", targets });
    const statusIs = (status: string) => async () => (await healthAt(headgate, name, name)).status === status;
    await eventually(statusIs("healthy"));

    await dies(provider);
    await eventually(statusIs("benched"), { timeoutMs: 20_000, what: "the bench" });
    expect((await healthAt(headgate, name, name)).cause).toMatch(cause);
    expect(provider.calls).toBe(0);
    // Nobody's call has to find out.
    const meanwhile = await callMany(5, 1, () => caller.call(`${name}-model`));
    expect(tally(meanwhile.map(({ status, attempts, endpoint }) => `${status} after ${attempts} from ${endpoint}`))).toEqual({
      [`200 after 1 from ${name}-spare`]: 5,
    });

    if (name === "killed") await provider.start();
    provider.answer = {};
    await eventually(async () => (await caller.call(`${name}-model`)).endpoint === name, {
      timeoutMs: 20_000,
      what: "its return",
    });
    expect(await statusIs("healthy")()).toBe(true);
    const changes = (await transitionsAt(headgate, name)).map((one) => one.change);
    expect([changes[0], changes.at(-1)]).toEqual(["healthy → benched", "trial → healthy"]);
  });
});

test("a probe that is taken away, or an endpoint that is deleted, is not asked any more", async () => {
  const provider = await startCountingProvider();
  providers.push(provider);
  const { id } = await addEndpoint(headgate, "asked", provider.baseUrl, ["asked"], {
    probe: { kind: "completion", interval: "1s", timeout: "300ms" },
  });
  await eventually(() => provider.calls >= 2);
  await change(headgate, "PATCH", `/endpoints/${id}`, { probe: null, sync: false });
  // One that was under way may still arrive.
  await new Promise((resolve) => setTimeout(resolve, 300));
  const callsThen = provider.calls;
  await new Promise((resolve) => setTimeout(resolve, 2500));
  expect(provider.calls).toBe(callsThen);
  // Probes are no calls: nobody is charged for them.
  const { data } = await change(headgate, "GET", "/requests?endpoint=asked");
  expect(data).toEqual([]);
});
