// Headgates on one PostgreSQL and one Redis: a limit is the same however many there are, and Redis may go.
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { type RedisServer, startRedis } from "../../../scripts/services/redis.mjs";
import { callMany } from "../../support/caller.ts";
import { createPostgresDatabase } from "../../support/database.ts";
import { type Headgate, startHeadgate } from "../../support/headgate.ts";
import { type Provider, startProvider } from "../../support/provider.ts";

const password = "password-of-the-redis-test";
let provider: Provider;
let redis: RedisServer;
beforeAll(async () => {
  provider = await startProvider();
  redis = await startRedis({ password });
});
afterAll(async () => {
  await provider?.close();
  await redis?.destroy();
});
beforeEach(() => {
  provider.reset();
  provider.models = ["m"];
});

/** So many on one database and the Redis; the first has the endpoint. */
async function startSeveral(count: number): Promise<Headgate[]> {
  const database = await createPostgresDatabase();
  onTestFinished(() => database.drop());
  const headgates: Headgate[] = [];
  for (let started = 0; started < count; started++) {
    const headgate = await startHeadgate({
      config: { database: { url: database.url }, redis: { url: redis.url, timeout: "1s" } },
    });
    onTestFinished(() => headgate.stop());
    headgates.push(headgate);
    if (started === 0) await headgate.addEndpoint({ name: "prod", url: `${provider.url}/v1`, api_key: "provider-key" });
  }
  return headgates;
}

async function chat(headgate: Headgate, key: string, maxTokens = 10): Promise<Response> {
  const answer = await fetch(`${headgate.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "m", max_tokens: maxTokens, messages: [{ role: "user", content: "hi" }] }),
  });
  await answer.arrayBuffer();
  return answer;
}

async function usable(headgates: readonly Headgate[], key: string): Promise<void> {
  for (const headgate of headgates) await headgate.eventually(async () => (await chat(headgate, key)).status === 200);
}

test("a limit holds for all of them together; Redis goes, calls go on, /readyz says so, and it is taken back", async () => {
  const [one, two] = (await startSeveral(2)) as [Headgate, Headgate];
  const free = await one.createKey({ name: "free" });
  await usable([one, two], free);
  // All know of all by then, and nobody is held to a share any more.
  await new Promise((resolve) => setTimeout(resolve, 4000));
  const limited = await one.createKey({
    name: "limited",
    limits: { requests_per_minute: 20, budget_usd: 100, budget_unpriced: "allow" },
  });
  await two.eventually(async () => (await chat(two, limited)).status === 200);
  let next = 0;
  // What one of them was granted and has not used is free for the other a second later.
  const answers: Response[] = [];
  const admitted = () => answers.filter(({ status }) => status === 200).length;
  const startedAt = Date.now();
  const isOver = () => Date.now() - startedAt > (admitted() < 19 ? 15_000 : 4000);
  for (; !isOver(); await new Promise((resolve) => setTimeout(resolve, 400))) {
    answers.push(...(await callMany(20, 10, () => chat(next++ % 2 === 0 ? one : two, limited))));
  }
  expect(admitted()).toBe(19);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 429]));
  for (const answer of answers.filter(({ status }) => status === 429)) {
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThanOrEqual(40);
    expect(Number(answer.headers.get("retry-after"))).toBeLessThanOrEqual(62);
  }

  const before = await one.admin("GET", "/system");
  expect(before.body).toMatchObject({ redis: { status: "ok" }, allowances: { authority: "redis", degraded_since: null } });
  await redis.stop({ crash: true });
  for (const headgate of [one, two]) {
    await headgate.eventually(async () => {
      const { status, reasons } = (await (await fetch(`${headgate.url}/readyz`)).json()) as {
        status: string;
        reasons: { part: string }[];
      };
      return status === "degraded" && reasons.some(({ part }) => part === "redis");
    });
  }
  const during = await callMany(40, 10, () => chat(next++ % 2 === 0 ? one : two, free));
  expect(during.map(({ status }) => status)).toEqual(Array(40).fill(200));
  expect((await one.admin("GET", "/system")).body).toMatchObject({
    redis: { status: "away" },
    allowances: { authority: "redis" },
  });

  await redis.start();
  // It has lost everything; each tells it again what it has admitted before it says that all is well.
  for (const headgate of [one, two]) {
    await headgate.eventually(async () => (await headgate.admin("GET", "/system")).body.redis.status === "ok");
  }
  const after = await callMany(6, 1, () => chat(next++ % 2 === 0 ? one : two, limited));
  expect(after.map(({ status }) => status)).toEqual(Array(6).fill(429));
  for (const headgate of [one, two]) expect(headgate.logText()).not.toContain(password);
}, 60_000);

test("a dollar for 100 parallel callers at three of them: never above, and but for a few estimates all of it can be used", async () => {
  const headgates = await startSeveral(3);
  const [one] = headgates as [Headgate, ...Headgate[]];
  const usage = { inputTokens: 10, cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: 800, reasoningTokens: 0 };
  provider.settings.usage = usage;
  // Up to a cent a call, and 0.8 cents in truth.
  const price = { input_usd_per_million: 0, output_usd_per_million: 10 };
  expect((await one.admin("PUT", "/prices/m", price)).status).toBe(200);
  const free = await one.createKey({ name: "free" });
  await usable(headgates, free);
  await new Promise((resolve) => setTimeout(resolve, 4000));
  const key = await one.createKey({ name: "a dollar", limits: { budget_usd: 1, budget_period: "total" } });
  await usable(headgates, key);
  const call = (index: number) => chat(headgates[index % 3] as Headgate, key, 1000);
  const answers: Response[] = [];
  // What one of them was granted and has not used is free for the others a moment later.
  const countAdmitted = () => answers.filter(({ status }) => status === 200).length + headgates.length;
  const startedAt = Date.now();
  const isOver = () => Date.now() - startedAt > (countAdmitted() * 0.008 > 0.95 ? 4000 : 20_000);
  for (; !isOver(); await new Promise((resolve) => setTimeout(resolve, 300))) {
    answers.push(...(await callMany(200, 100, call)));
  }
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 429]));
  const admitted = countAdmitted();
  const row = await one.eventually(async () => {
    const { body } = await one.admin("GET", "/usage?group_by=key");
    const found = body.data.find((each: { key_name: string }) => each.key_name === "a dollar");
    return found?.requests === admitted && found;
  });
  expect(row.cost_usd).toBeCloseTo(admitted * 0.008, 9);
  expect(row.cost_usd).toBeLessThanOrEqual(1);
  expect(row.cost_usd).toBeGreaterThan(0.95);
}, 90_000);
