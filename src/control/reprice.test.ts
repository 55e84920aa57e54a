// Repricing corrects what attempts have cost, once, by entries beside them.
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../../test/support/database.ts";
import { settledAttempt, startedAttempt } from "../../test/support/ledger-records.ts";
import type { AttemptSettled } from "../domain/ledger-record.ts";
import { costNanoUsd, type Price, type TokenPrices } from "../domain/price.ts";
import { type PriceOf, reprice } from "./reprice.ts";

const dayMs = 86_400_000;
let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase("sqlite");
});
afterAll(() => database.remove());

/** All classes at `inputPerMillion`, output at twice that; nano-dollars. */
function price(version: string, inputPerMillion: number): Price {
  const classes = ["input", "cachedInput", "cacheWrite", "cacheWrite1h", "inputAudio", "cachedAudio"] as const;
  const outputs = ["output", "reasoning", "outputAudio"] as const;
  const prices = {
    ...Object.fromEntries(classes.map((name) => [name, inputPerMillion])),
    ...Object.fromEntries(outputs.map((name) => [name, inputPerMillion * 2])),
  } as unknown as TokenPrices;
  return { version, prices, tiers: [], requestNanoUsd: 1 };
}

const old = price("old", 1_000_000);
const dear = price("dear", 3_000_000);
let lastDay = 30_000;
const ownRange = () => {
  lastDay += 2;
  return { fromMs: lastDay * dayMs, toMs: (lastDay + 1) * dayMs };
};
const under =
  (prices: Readonly<Record<string, Price>>): PriceOf =>
  ({ model }) =>
    prices[model] ?? null;
const nowMs = 40_000 * dayMs;

function attempt(startedAtMs: number, model: string, changes: Partial<AttemptSettled> = {}): AttemptSettled {
  const record = settledAttempt({ startedAtMs, model, ...changes });
  return { ...record, costNanoUsd: changes.costNanoUsd === undefined ? costNanoUsd(record.usage, old) : changes.costNanoUsd };
}

async function usageOf(range: { fromMs: number; toMs: number }) {
  const rows = await database.storage.ledger.usage({ ...range, groupBy: ["model"], bucket: null });
  return Object.fromEntries(rows.map(({ model, costNanoUsd: cost, unpricedRequests: unpriced }) => [model, { cost, unpriced }]));
}

test("another price changes sums by the difference, the rows not at all, and a second run finds nothing to do", async () => {
  const { storage } = database;
  const range = ownRange();
  const records = [
    attempt(range.fromMs, "a"),
    attempt(range.toMs - 1, "a", { final: false, status: 503, error: "upstream_error" }),
    attempt(range.fromMs, "b"),
    // Outside of the range.
    attempt(range.fromMs - 1, "a"),
    attempt(range.toMs, "a"),
  ];
  await storage.ledger.ingest(records);
  const ids = records.map(({ requestId }) => requestId);
  const rows = await storage.ledger.attemptsOf(ids);
  const before = costNanoUsd(records[0]?.usage as AttemptSettled["usage"], old);
  const after = costNanoUsd(records[0]?.usage as AttemptSettled["usage"], dear);
  const models = [
    { model: "a", attempts: 2, before: 2 * before, after: 2 * after, newlyPriced: 0, stillUnpriced: 0 },
    { model: "b", attempts: 1, before, after: before, newlyPriced: 0, stillUnpriced: 0 },
  ];
  const request = { ...range, priceOf: under({ a: dear, b: old }), nowMs };

  expect(await reprice(storage, { ...request, isDryRun: true })).toEqual({ models, entries: 2, batchId: null });
  expect((await usageOf(range)).a?.cost).toBe(2 * before);
  const done = await reprice(storage, { ...request, isDryRun: false });
  expect(done).toMatchObject({ models, entries: 2 });
  expect(await usageOf(range)).toEqual({ a: { cost: 2 * after, unpriced: 0 }, b: { cost: before, unpriced: 0 } });
  expect(await storage.ledger.attemptsOf(ids)).toEqual(rows);
  const entries = [...(await storage.adjustments.ofAttempts(rows)).values()].flat();
  expect(entries.map(({ delta_nano_usd: delta, price_version: version }) => [delta, version])).toEqual([
    [after - before, "dear"],
    [after - before, "dear"],
  ]);
  expect(new Set(entries.map(({ batch_id: batch }) => batch))).toEqual(new Set([done.batchId]));

  const again = await reprice(storage, { ...request, isDryRun: false });
  expect(again).toMatchObject({ entries: 0, batchId: null });
  expect(again.models[0]).toMatchObject({ before: 2 * after, after: 2 * after });
  // Back to where it was: the entries add up to nothing.
  await reprice(storage, { ...request, priceOf: under({ a: old, b: old }), isDryRun: false });
  expect(await usageOf(range)).toEqual({ a: { cost: 2 * before, unpriced: 0 }, b: { cost: before, unpriced: 0 } });
});

test("what had no price gets one, a price of 0 too, and is no longer counted as unpriced", async () => {
  const { storage } = database;
  const range = ownRange();
  const free = { ...price("free", 0), requestNanoUsd: 0 };
  const records = [
    attempt(range.fromMs, "a", { costNanoUsd: null }),
    attempt(range.fromMs, "free", { costNanoUsd: null }),
    attempt(range.fromMs, "unknown", { costNanoUsd: null }),
    attempt(range.fromMs, "gone"),
    attempt(range.fromMs, "a", {
      costNanoUsd: null,
      status: 502,
      error: "upstream_error",
      usage: { inputTokens: 0, cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: 0, reasoningTokens: 0 },
    }),
  ];
  await storage.ledger.ingest(records);
  const cost = costNanoUsd(records[0]?.usage as AttemptSettled["usage"], dear);
  const request = { ...range, priceOf: under({ a: dear, free }), isDryRun: false, nowMs };
  const { models, entries } = await reprice(storage, request);
  expect(entries).toBe(3);
  expect(models).toMatchObject([
    { model: "a", attempts: 2, before: 0, after: cost, newlyPriced: 2, stillUnpriced: 0 },
    { model: "free", attempts: 1, before: 0, after: 0, newlyPriced: 1, stillUnpriced: 0 },
    // A price that is no longer there leaves what was charged.
    { model: "gone", attempts: 1, newlyPriced: 0, stillUnpriced: 0 },
    { model: "unknown", attempts: 1, before: 0, after: 0, newlyPriced: 0, stillUnpriced: 1 },
  ]);
  expect(await usageOf(range)).toMatchObject({
    a: { cost, unpriced: 0 },
    free: { cost: 0, unpriced: 0 },
    unknown: { cost: 0, unpriced: 1 },
  });
  expect((await reprice(storage, request)).entries).toBe(0);
});

test("goes through more attempts than a slice has, of one model alone if asked, and leaves what is under way", async () => {
  const { storage } = database;
  const range = ownRange();
  const records = Array.from({ length: 2500 }, (_, index) =>
    attempt(range.fromMs + Math.floor(index / 7), index % 5 === 0 ? "b" : "a"),
  );
  await storage.ledger.ingest([...records, startedAttempt({ startedAtMs: range.fromMs, model: "a" })]);
  const priceOf = under({ a: dear, b: dear });
  const one = await reprice(storage, { ...range, model: "b", priceOf, isDryRun: false, nowMs });
  expect(one.models.map(({ model, attempts }) => [model, attempts])).toEqual([["b", 500]]);
  expect(one.entries).toBe(500);
  const all = await reprice(storage, { ...range, priceOf, isDryRun: false, nowMs });
  expect(all.entries).toBe(2000);
  const cost = costNanoUsd(records[0]?.usage as AttemptSettled["usage"], dear);
  expect(await usageOf(range)).toMatchObject({ a: { cost: cost * 2000 }, b: { cost: cost * 500 } });
});

test("shares of classes with prices of their own are priced as when the attempt ended; two runs at once correct once", async () => {
  const { storage } = database;
  const range = ownRange();
  const usage = { ...settledAttempt().usage, cacheWriteTokens: 1000, details: { cacheWrite1hTokens: 900 } };
  const hourly = { ...old, prices: { ...old.prices, cacheWrite1h: 8_000_000 } };
  const record = attempt(range.fromMs, "a", { usage, costNanoUsd: 0 });
  await storage.ledger.ingest([record]);
  const request = { ...range, priceOf: under({ a: hourly }), isDryRun: false, nowMs };
  const runs = await Promise.all([reprice(storage, request), reprice(storage, request)]);
  expect(runs.map(({ entries }) => entries).sort()).toEqual([0, 1]);
  expect((await usageOf(range)).a?.cost).toBe(costNanoUsd(usage, hourly));
});

test("is in the audit log once, and only when something has changed", async () => {
  const { storage } = database;
  const range = ownRange();
  const count = async () => (await storage.audit.page({ action: "ledger.reprice" }, { limit: 1000 })).rows;
  const before = (await count()).length;
  await storage.ledger.ingest([attempt(range.fromMs, "a")]);
  const request = { ...range, model: "a", nowMs };
  await reprice(storage, { ...request, priceOf: under({ a: old }), isDryRun: false });
  await reprice(storage, { ...request, priceOf: under({ a: dear }), isDryRun: true });
  expect((await count()).length).toBe(before);
  const { batchId } = await reprice(storage, { ...request, priceOf: under({ a: dear }), isDryRun: false });
  const [entry, ...others] = (await count()).filter((row) => row.resource_id === batchId);
  expect(others).toEqual([]);
  expect(entry).toMatchObject({ actor_name: "command line", resource_kind: "ledger" });
  expect(JSON.parse(entry?.after as string)).toMatchObject({ model: "a", from: new Date(range.fromMs).toISOString() });
});
