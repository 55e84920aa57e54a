// GET /v1/usage: callers see what they have used themselves, by model and time, and nobody else's.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { CallerUsage } from "../../src/control/caller-usage.ts";
import type { CallerUsageQuery, UsageSource } from "../../src/gateway/ports.ts";
import { SnapshotHolder } from "../../src/gateway/snapshot-holder.ts";
import { type BareGateway, snapshotWithKey, startBareGateway } from "../support/bare-gateway.ts";
import { testDatabase } from "../support/database.ts";
import { type Headgate, startHeadgate } from "../support/headgate.ts";
import { settledAttempt } from "../support/ledger-records.ts";
import type { LooseJson } from "../support/loose-json.ts";
import { type Provider, startProvider } from "../support/provider.ts";

const hourMs = 3_600_000;

describe("a whole Headgate", () => {
  let headgate: Headgate;
  let provider: Provider;
  beforeAll(async () => {
    provider = await startProvider({ models: ["m", "n"] });
    headgate = await startHeadgate();
    await headgate.addEndpoint({ name: "one", url: `${provider.url}/v1` });
  });
  afterAll(async () => {
    await headgate?.stop();
    await provider?.close();
  });

  const usage = async (key: string, query = "", prefix = "/v1") => {
    const response = await fetch(`${headgate.url}${prefix}/usage${query}`, { headers: { authorization: `Bearer ${key}` } });
    return { status: response.status, body: (await response.json()) as LooseJson };
  };

  test("a key sees its own requests, tokens and cost within seconds, as the admin API has them, under both prefixes", async () => {
    const [mine, others] = [await headgate.createKey(), await headgate.createKey({ name: "others" })];
    for (const [key, model] of [
      [mine, "m"],
      [mine, "m"],
      [mine, "n"],
      [others, "m"],
    ]) {
      const response = await fetch(`${headgate.url}/v1/chat/completions`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify({ model, messages: [] }),
      });
      expect(response.status).toBe(200);
      await response.text();
    }
    const all = await headgate.eventually(async () => {
      const { status, body } = await usage(mine);
      expect(status).toBe(200);
      return body.data[0]?.requests === 3 && body;
    });
    const whole = await headgate.admin("GET", "/usage?group_by=key");
    const [{ key: _key, key_name: _name, ...sums }, ...rest] = whole.body.data.filter(
      ({ requests }: { requests: number }) => requests === 3,
    );
    expect(rest).toEqual([]);
    expect(all).toEqual({ ...whole.body, data: [sums] });
    const byModel = await usage(mine, "?group_by=model&bucket=day", "/ai/v1");
    expect(byModel.body.data).toMatchObject([
      { model: "m", requests: 2, bucket: expect.stringMatching(/T00:00:00\.000Z$/) },
      { model: "n", requests: 1 },
    ]);
    expect((await usage(await headgate.createKey({ name: "new" }))).body.data).toEqual([]);
    // Nothing of it is a call, and it is nothing to ask providers for.
    expect((await usage(mine)).body.data[0].requests).toBe(3);
    expect((await usage("sk-hg-unknown")).status).toBe(401);
  });

  test("a provider's own path of that name is reached through its endpoint", async () => {
    const key = await headgate.createKey({ name: "wide", scopes: ["inference", "passthrough"] });
    const response = await fetch(`${headgate.url}/endpoints/one/v1/usage`, { headers: { authorization: `Bearer ${key}` } });
    expect(response.headers.get("x-headgate-endpoint")).toBe("one");
  });
});

describe("the question that callers ask", () => {
  let gateway: BareGateway | null = null;
  afterEach(() => gateway?.stop());
  const key = "sk-test-key-of-a-caller";

  async function ask(query: string, source: UsageSource, headers: Record<string, string> = {}) {
    const snapshots = new SnapshotHolder(() => {});
    snapshots.replace(snapshotWithKey(key));
    gateway = await startBareGateway({ snapshots, usage: source });
    const response = await fetch(`${gateway.url}/v1/usage${query}`, { headers: { authorization: `Bearer ${key}`, ...headers } });
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as { error: Record<string, string> },
    };
  }

  test.each([
    ["?from=yesterday", "from: must be an RFC 3339 time or a date such as 2026-01-31."],
    ["?to=2026-02-30", "to: must be an RFC 3339 time or a date such as 2026-01-31."],
    ["?from=2026-03-02&to=2026-03-01", "from: must not be after `to`."],
    ["?group_by=key", "group_by: takes model."],
    ["?bucket=minute", "bucket: takes hour or day."],
    ["?bucket=hour&from=2025-01-01&to=2026-01-01", "bucket: hour takes 93 days at most: ask for fewer, or for bucket=day."],
  ])("%s is refused: %s", async (query, message) => {
    const asked: CallerUsageQuery[] = [];
    const source = { ofCaller: async (question: CallerUsageQuery) => asked.push(question) as unknown as object };
    const { status, body } = await ask(query, source);
    expect([status, body.error.code, body.error.message, asked]).toEqual([400, "invalid_query", message, []]);
  });

  test("is for whole hours around what was asked, of the caller's key", async () => {
    const asked: CallerUsageQuery[] = [];
    const source = { ofCaller: async (question: CallerUsageQuery) => ({ data: [asked.push(question)] }) };
    const { status, body } = await ask("?from=2026-03-01T10:30:00%2B02:00&to=2026-03-02&group_by=model&bucket=hour", source);
    expect([status, body]).toEqual([200, { data: [1] }]);
    const range = { fromMs: Date.parse("2026-03-01T08:00:00Z"), toMs: Date.parse("2026-03-02T00:00:00Z") };
    expect(asked).toEqual([{ ...range, keyId: expect.stringMatching(/^key_/), userId: null, byModel: true, bucket: "hour" }]);
  });

  test("is answered with 503 while the ledger can't be read, in the caller's dialect, without saying why", async () => {
    const source = { ofCaller: () => Promise.reject(new Error("connect ECONNREFUSED 10.1.2.3")) };
    const { status, headers, body } = await ask("", source, { "anthropic-version": "2023-06-01" });
    expect([status, headers.get("retry-after")]).toEqual([503, "2"]);
    expect(body).toMatchObject({ type: "error", error: { message: "Usage can't be looked up at the moment. Retry shortly." } });
    expect(JSON.stringify(body)).not.toContain("10.1.2.3");
  });
});

test.each(["sqlite", "postgres"] as const)("callers without a key see all that their user has used, on %s", async (engine) => {
  const { storage, remove } = await testDatabase(engine);
  try {
    const startMs = 20_000 * 24 * hourMs;
    const of = (userId: string | null, keyId: string | null) =>
      settledAttempt({ userId, keyId, startedAtMs: startMs, costNanoUsd: 1_000_000 });
    await storage.ledger.ingest([of("usr_1", null), of("usr_1", "key_1"), of("usr_2", null), of(null, "key_1")]);
    const source = new CallerUsage(() => storage);
    const range = { fromMs: startMs, toMs: startMs + 48 * hourMs, bucket: null };
    const requests = async (keyId: string | null, userId: string | null, byModel: boolean) =>
      (await source.ofCaller({ ...range, keyId, userId, byModel })).data.map(({ model, requests: count, cost_usd }) => [
        model,
        count,
        cost_usd,
      ]);
    for (const isSummed of [false, true]) {
      if (isSummed) await storage.ledger.sumDays(startMs + 72 * hourMs);
      expect(await requests(null, "usr_1", false)).toEqual([[undefined, 2, 0.002]]);
      expect(await requests(null, "usr_1", true)).toEqual([["gpt-4o", 2, 0.002]]);
      expect(await requests("key_1", null, true)).toEqual([["gpt-4o", 2, 0.002]]);
    }
    await expect(
      new CallerUsage(() => null).ofCaller({ ...range, keyId: "key_1", userId: null, byModel: false }),
    ).rejects.toThrow();
  } finally {
    await remove();
  }
});
