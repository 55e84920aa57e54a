// Budgets in dollars: never above under parallel callers, told in words, and true to the ledger.
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { callMany } from "../../support/caller.ts";
import type { LooseJson } from "../../support/loose-json.ts";
import { ShiftedClock } from "../../support/shifted-clock.ts";
import { signIn } from "../../support/signed-in.ts";
import { refusal, type Site, type SiteAnswer, startSite, statuses } from "../identity/site.ts";

const clock = new ShiftedClock();
let site: Site;
beforeAll(async () => {
  clock.forwardToMidMonth();
  site = await startSite({ clock, models: ["m", "free", "unpriced"] });
  // A cent an answer of 1000 tokens; what is asked is not charged.
  await site.change("PUT", "/prices/m", { input_usd_per_million: 0, output_usd_per_million: 10 });
  await site.change("PUT", "/prices/free", { input_usd_per_million: 0, output_usd_per_million: 0 });
});
afterAll(() => site.stop());
afterEach(() => site.provider.reset());

function answersOf(outputTokens: number): void {
  site.provider.settings.usage = { inputTokens: 9, cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens, reasoningTokens: 0 };
}

async function keyWith(limits: object, more: object = {}): Promise<{ key: string; id: string }> {
  const { key, id } = await site.change("POST", "/keys", { name: "paying", limits, ...more });
  return { key, id };
}

function chat(key: string, body: object = {}): Promise<SiteAnswer> {
  const whole = { model: "m", messages: [{ role: "user", content: "hi" }], max_tokens: 1000, ...body };
  return site.send("POST", "/v1/chat/completions", key, { body: whole });
}

const allowance = async (id: string, kind = "key"): Promise<LooseJson> => site.change("GET", `/allowances/${kind}/${id}`);

/** What the ledger says the key has cost, once all of `requests` are in it. */
function costOf(id: string, requests: number): Promise<number> {
  return site.headgate.eventually(async () => {
    const from = new Date(clock.nowMs() - 86_400_000).toISOString();
    const to = new Date(clock.nowMs() + 86_400_000).toISOString();
    const { data } = await site.change("GET", `/usage?from=${from}&to=${to}&group_by=key`);
    const row = data.find(({ key }: LooseJson) => key === id);
    return row?.requests === requests ? (row.cost_usd as number) : null;
  });
}

test("100 parallel callers against a dollar: all of it is spent, and nothing above it", async () => {
  answersOf(1000);
  const { key, id } = await keyWith({ budget_usd: 1 });
  const answers = await callMany(300, 100, (index) => chat(key, { stream: index % 2 === 0 }));
  expect(statuses(answers)).toEqual({ 200: 100, 429: 200 });
  expect(await costOf(id, 100)).toBe(1);
  const { budget } = await allowance(id);
  expect(budget).toMatchObject({ limit_usd: 1, spent_usd: 1, reserved_usd: 0, remaining_usd: 0, share: 1 });
  const refused = await chat(key);
  expect(refusal(refused)).toEqual([429, "insufficient_quota"]);
  expect(refused.headers["x-should-retry"]).toBe("false");
  expect(refused.body.error.message).toMatch(
    /^This key has a budget of \$1\.00 a month: \$1\.00 is spent\. It begins anew at \d{4}-\d\d-01T00:00:00Z, in /,
  );
});

test("estimates above what is used: never above the budget either, and what is reserved comes back", async () => {
  answersOf(400);
  const { key, id } = await keyWith({ budget_usd: 0.5 });
  const answers = await callMany(400, 50, () => chat(key));
  const admitted = statuses(answers)[200] as number;
  const spent = await costOf(id, admitted);
  expect(spent).toBeLessThanOrEqual(0.5);
  const { budget } = await allowance(id);
  expect([budget.spent_usd, budget.reserved_usd]).toEqual([spent, 0]);
  // One at a time nearly all of it can be used.
  while ((await chat(key)).status === 200);
  expect((await allowance(id)).budget.spent_usd).toBeGreaterThan(0.49);
  expect((await allowance(id)).budget.spent_usd).toBeLessThanOrEqual(0.5);
});

test("lowered below what is spent it blocks at once, raised it admits at once; taken away it is none", async () => {
  answersOf(1000);
  const { key, id } = await keyWith({ budget_usd: 0.05 });
  expect((await chat(key)).status).toBe(200);
  await site.change("PATCH", `/keys/${id}`, { limits: { budget_usd: 0.005 } });
  expect(refusal(await chat(key))).toEqual([429, "insufficient_quota"]);
  await site.change("PATCH", `/keys/${id}`, { limits: { budget_usd: 0.02 } });
  expect((await chat(key)).status).toBe(200);
  expect((await chat(key)).status).toBe(429);
  await site.change("PATCH", `/keys/${id}`, { limits: { budget_usd: null } });
  expect((await chat(key)).status).toBe(200);
});

test("a budget that is set later knows what was spent before, whatever its period", async () => {
  answersOf(1000);
  const { key, id } = await keyWith({});
  for (let call = 0; call < 3; call++) expect((await chat(key)).status).toBe(200);
  await costOf(id, 3);
  for (const budget_period of ["day", "week", "month", "total"]) {
    await site.change("PATCH", `/keys/${id}`, { limits: { budget_usd: 0.03, budget_period, budget_timezone: "Asia/Kathmandu" } });
    expect(refusal(await chat(key))).toEqual([429, "insufficient_quota"]);
    expect((await allowance(id)).budget).toMatchObject({ spent_usd: 0.03, period: budget_period, timezone: "Asia/Kathmandu" });
  }
  expect((await chat(key)).body.error.message).toContain(
    "a budget of $0.03 in all: $0.03 is spent. It does not begin anew by itself.",
  );
});

test("a new period begins with nothing spent", async () => {
  answersOf(1000);
  const { key, id } = await keyWith({ budget_usd: 0.01, budget_period: "day" });
  expect((await chat(key)).status).toBe(200);
  const refused = await chat(key);
  expect(refused.status).toBe(429);
  const { resets_at } = (await allowance(id)).budget;
  expect(refused.body.error.message).toContain(`It begins anew at ${resets_at.replace(".000Z", "Z")}`);
  clock.forward(Date.parse(resets_at) - clock.nowMs() + 5);
  expect((await allowance(id)).budget.spent_usd).toBe(0);
  expect((await chat(key)).status).toBe(200);
});

test("a model without a price is refused, or let through uncounted; one of price 0 is free", async () => {
  answersOf(1000);
  const { key, id } = await keyWith({ budget_usd: 0 });
  const refused = await chat(key, { model: "unpriced" });
  expect(refusal(refused)).toEqual([403, "unpriced_model"]);
  expect(refused.body.error.message).toContain("0 is a price");
  expect((await chat(key, { model: "free" })).status).toBe(200);
  expect(refusal(await chat(key))).toEqual([429, "insufficient_quota"]);
  await site.change("PATCH", `/keys/${id}`, { limits: { budget_unpriced: "allow" } });
  expect((await chat(key, { model: "unpriced" })).status).toBe(200);
  await site.change("PUT", "/prices/unpriced", { input_usd_per_million: 1, output_usd_per_million: 1 });
  expect((await chat(key, { model: "unpriced" })).status).toBe(429);
  await site.change("DELETE", "/prices/unpriced");
});

test("the group that pays and the model have budgets too, and the playground draws on its user's", async () => {
  answersOf(1000);
  const group = await site.change("POST", "/groups", { name: "payers", models: ["*"], limits: { budget_usd: 0.01 } });
  const paidByGroup = await keyWith({}, { group_id: group.id });
  expect((await chat(paidByGroup.key)).status).toBe(200);
  expect((await chat(paidByGroup.key)).body.error.message).toMatch(/^A group of this caller has a budget of \$0\.01 a month/);
  const free = await site.headgate.createKey();
  await site.setModel("m", { limits: { budget_usd: 0 } });
  expect((await chat(free)).body.error.message).toMatch(/^The model 'm' has a budget/);
  await site.setModel("m", { limits: null });
  expect((await chat(free)).status).toBe(200);
  const user = await signIn(site.headgate, { limits: { budget_usd: 0 } });
  const body = { model: "m", messages: [{ role: "user", content: "hi" }] };
  const answer = await site.send("POST", "/admin/api/v1/playground/v1/chat/completions", user.headers, { body });
  expect(refusal(answer)).toEqual([429, "insufficient_quota"]);
});
