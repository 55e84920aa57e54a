// Rates, tokens and calls at once: exact under parallel callers, the same for streams, and untouched by edits of anything else.
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { callMany } from "../../support/caller.ts";
import { ShiftedClock } from "../../support/shifted-clock.ts";
import { refusal, type Site, type SiteAnswer, startSite, statuses } from "../identity/site.ts";

const clock = new ShiftedClock();
let site: Site;
beforeAll(async () => {
  site = await startSite({ clock, models: ["m", "n"] });
});
afterAll(() => site.stop());
afterEach(() => {
  site.provider.reset();
  // Windows of tests do not meet.
  clock.forward(120_000);
});

async function keyWith(limits: object, more: object = {}): Promise<{ key: string; id: string }> {
  const { key, id } = await site.change("POST", "/keys", { name: "limited", limits, ...more });
  return { key, id };
}

function chat(key: string, body: object = {}, headers: Record<string, string> = {}): Promise<SiteAnswer> {
  const whole = { model: "m", messages: [{ role: "user", content: "hi" }], ...body };
  return site.send("POST", "/v1/chat/completions", key, { body: whole, headers });
}

test("requests_per_minute 100 under 50 parallel callers: exactly 100, and retry-after is right to the second", async () => {
  const { key } = await keyWith({ requests_per_minute: 100 });
  const startedMs = clock.nowMs();
  const answers = await callMany(300, 50, () => chat(key));
  expect(statuses(answers)).toEqual({ 200: 100, 429: 200 });
  const refused = answers.filter(({ status }) => status === 429);
  for (const answer of refused) {
    expect(refusal(answer)).toEqual([429, "rate_limit_exceeded"]);
    const seconds = Number(answer.headers["retry-after"]);
    expect(seconds).toBeGreaterThanOrEqual(60 - Math.ceil((clock.nowMs() - startedMs) / 1000));
    expect(seconds).toBeLessThanOrEqual(61);
  }
  const last = await chat(key);
  expect(last.status).toBe(429);
  clock.forward(Number(last.headers["retry-after"]) * 1000 - 1500);
  // The first of them has not left, or has: no earlier than a second before it was said to.
  const early = await chat(key);
  if (early.status === 200) return;
  expect([early.status, early.headers["retry-after"]]).toEqual([429, expect.stringMatching(/^[12]$/)]);
  clock.forward(1500);
  expect((await chat(key)).status).toBe(200);
});

test("retry-after and the headers of both dialects say what is left, before and after the limit", async () => {
  const { key } = await keyWith({ requests_per_minute: 2, tokens_per_minute: 10_000 });
  site.provider.next({
    kind: "headers",
    headers: { "x-ratelimit-remaining-requests": "4711", "x-ratelimit-limit-tokens": "4711" },
  });
  const startedMs = clock.nowMs();
  const first = await chat(key, { max_tokens: 100 });
  expect(first.headers).toMatchObject({
    "x-ratelimit-limit-requests": "2",
    "x-ratelimit-remaining-requests": "1",
    "x-ratelimit-limit-tokens": "10000",
  });
  // A minute from when it was admitted, less what it has taken since; a window empties in steps of a second.
  const [, minutes, seconds] = /^(?:(\d+)m)?([\d.]+)s$/.exec(first.headers["x-ratelimit-reset-requests"] as string) ?? [];
  const resetMs = Number(minutes ?? 0) * 60_000 + Number(seconds) * 1000;
  expect(resetMs).toBeGreaterThanOrEqual(60_000 - (clock.nowMs() - startedMs));
  expect(resetMs).toBeLessThanOrEqual(61_000);
  expect(Number(first.headers["x-ratelimit-remaining-tokens"])).toBeGreaterThan(9800);
  expect(JSON.stringify(first.headers)).not.toContain("4711");
  const message = { model: "m", max_tokens: 100, messages: [{ role: "user", content: "hi" }] };
  const headers = { "anthropic-version": "2023-06-01" };
  const anthropic = () => site.send("POST", "/v1/messages", key, { body: message, headers });
  const secondMs = clock.nowMs();
  const second = await anthropic();
  expect(second.status).toBe(200);
  expect(second.headers).toMatchObject({
    "anthropic-ratelimit-requests-limit": "2",
    "anthropic-ratelimit-requests-remaining": "0",
  });
  const resetAtMs = Date.parse(second.headers["anthropic-ratelimit-requests-reset"] as string);
  expect(resetAtMs).toBeGreaterThanOrEqual(secondMs + 60_000);
  expect(resetAtMs).toBeLessThanOrEqual(clock.nowMs() + 61_000);
  clock.forward(20_000);
  const third = await anthropic();
  expect([third.status, third.body.error.type]).toEqual([429, "rate_limit_error"]);
  expect(third.headers["anthropic-ratelimit-requests-remaining"]).toBe("0");
  // Whole seconds, rounded up: of the minute since the first was admitted, or of what is left when it is told.
  const retryAfter = Number(third.headers["retry-after"]);
  expect(retryAfter).toBeGreaterThanOrEqual(60 - (clock.nowMs() - startedMs) / 1000);
  expect(retryAfter).toBeLessThanOrEqual(41);
});

test.each([false, true])("tokens_per_minute 30 with answers of 25: the third call waits (stream: %s)", async (stream) => {
  site.provider.settings.usage = {
    inputTokens: 5,
    cachedInputTokens: 0,
    cacheWriteTokens: 0,
    outputTokens: 20,
    reasoningTokens: 0,
  };
  const { key } = await keyWith({ tokens_per_minute: 30 });
  const first = await chat(key, { stream });
  expect([first.status, first.headers["x-ratelimit-limit-tokens"]]).toEqual([200, "30"]);
  expect((await chat(key, { stream })).status).toBe(200);
  const third = await chat(key, { stream });
  expect(refusal(third)).toEqual([429, "rate_limit_exceeded"]);
  expect(third.body.error.message).toContain("30 tokens a minute");
  expect(Number(third.headers["retry-after"])).toBeGreaterThan(50);
  expect(third.headers["x-ratelimit-remaining-tokens"]).toBe("0");
  clock.forward(61_000);
  expect((await chat(key, { stream })).status).toBe(200);
});

test("20 parallel calls under tokens_per_minute 30: one takes all that is left, and no more than two get through", async () => {
  site.provider.settings.usage = {
    inputTokens: 5,
    cachedInputTokens: 0,
    cacheWriteTokens: 0,
    outputTokens: 20,
    reasoningTokens: 0,
  };
  const { key } = await keyWith({ tokens_per_minute: 30 });
  const counts = statuses(await callMany(20, 20, () => chat(key)));
  expect(counts[200]).toBeGreaterThanOrEqual(1);
  expect(counts[200]).toBeLessThanOrEqual(2);
  expect((counts[200] ?? 0) + (counts[429] ?? 0)).toBe(20);
});

test("more tokens than the limit has in all are refused for good; what a failed call did not use is there again", async () => {
  const { key } = await keyWith({ tokens_per_minute: 1000 });
  const never = await chat(key, { max_tokens: 1000 });
  expect(refusal(never)).toEqual([429, "rate_limit_exceeded"]);
  expect(never.headers["x-should-retry"]).toBe("false");
  expect(never.headers["retry-after"]).toBeUndefined();
  site.provider.next({ kind: "answer", status: 400, body: { error: { message: "no" } } });
  expect((await chat(key, { max_tokens: 900 })).status).toBe(400);
  expect((await chat(key, { max_tokens: 900 })).status).toBe(200);
});

test("concurrent_requests 2: a third waits for the end of one, however it ends", async () => {
  const { key } = await keyWith({ concurrent_requests: 2 });
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const free = site.provider.on(/chat.completions$/, async () => {
    await held;
    return undefined;
  });
  const running = [chat(key), chat(key, { stream: true })];
  await site.headgate.eventually(async () => site.provider.calls.length === 2);
  const refused = await chat(key);
  expect(refusal(refused)).toEqual([429, "concurrency_limit_exceeded"]);
  expect([refused.headers["retry-after"], refused.headers["x-should-retry"]]).toEqual(["1", undefined]);
  release();
  expect(statuses(await Promise.all(running))).toEqual({ 200: 2 });
  free();
  site.provider.next({ kind: "reset", at: "before_headers" }, { times: 10 });
  expect((await chat(key)).status).toBe(502);
  site.provider.reset();
  const sixty = await callMany(60, 2, () => chat(key));
  expect(statuses(sixty)).toEqual({ 200: 60 });
});

test("case 36: a rate of 10 a minute stays one while another key and the model are edited every 100 ms", async () => {
  const { key } = await keyWith({ requests_per_minute: 10 });
  const other = await keyWith({ requests_per_minute: 5 });
  let isOver = false;
  const edits = (async () => {
    for (let edit = 0; !isOver; edit++) {
      await site.change("PATCH", `/keys/${other.id}`, { limits: { requests_per_minute: 5 + (edit % 5) } });
      await site.setModel("n", { limits: { requests_per_minute: 100 + (edit % 7) } });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  const answers: SiteAnswer[] = [];
  const startedAt = performance.now();
  // However slow the machine is, there are more calls than the rate lets through.
  while (performance.now() - startedAt < 3000 || answers.length <= 15) {
    answers.push(await chat(key));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  isOver = true;
  await edits;
  expect(statuses(answers)).toEqual({ 200: 10, 429: answers.length - 10 });
});

test("pass-through calls and the model's own limits are held too", async () => {
  const { key } = await keyWith({ requests_per_minute: 1 }, { scopes: ["inference", "passthrough"] });
  expect((await site.get("/endpoints/prod/v1/files", key)).status).not.toBe(429);
  expect(refusal(await site.get("/endpoints/prod/v1/files", key))).toEqual([429, "rate_limit_exceeded"]);
  const free = await site.headgate.createKey();
  await site.setModel("n", { limits: { concurrent_requests: 1, tokens_per_minute: 50 } });
  expect(refusal(await chat(free, { model: "n", max_tokens: 51 }))).toEqual([429, "rate_limit_exceeded"]);
  expect((await chat(free, { model: "m", max_tokens: 51 })).status).toBe(200);
  await site.setModel("n", { limits: null });
});
