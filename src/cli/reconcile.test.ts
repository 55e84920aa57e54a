// `headgate reconcile` on a real database and real files: what it prints, when it fails, what it refuses.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { temporaryDirectory } from "../../test/support/database.ts";
import { settledAttempt, startedAttempt } from "../../test/support/ledger-records.ts";
import { openStorage } from "../storage/open-storage.ts";
import type { Storage } from "../storage/ports/storage.ts";
import { describeFailure } from "./describe-failure.ts";
import { type ReconcileOptions, reconcile } from "./reconcile.ts";

const day = Date.parse("2026-10-05T00:00:00Z");
const hourMs = 3_600_000;
let cwd: string;
let remove: () => Promise<void>;
let storage: Storage;
beforeEach(async () => {
  const directory = await temporaryDirectory();
  cwd = directory.path;
  remove = directory.remove;
  mkdirSync(join(cwd, "data"));
  storage = await openStorage({ databaseUrl: null, dataDir: join(cwd, "data") });
  await storage.migrate();
});
afterEach(async () => {
  await storage.close();
  await remove();
});

async function run(options: Partial<ReconcileOptions>) {
  const printed: string[] = [];
  const notes: string[] = [];
  const io = { print: (text: string) => void printed.push(text), note: (text: string) => void notes.push(text), env: {}, cwd };
  const failure = await reconcile({ providerCsv: "usage.csv", ...options }, io).then(() => null, describeFailure);
  return { out: printed.join("\n"), notes: notes.join("\n"), failure };
}

const csv = (...lines: string[]) => writeFileSync(join(cwd, "usage.csv"), lines.join("\n"));
const header = "date,model,input_tokens,cached_input_tokens,output_tokens,requests,cost_usd";

/** 10 of input, 4 cached, 7 of output. */
const attempt = (offsetMs: number, upstreamModel: string, changes = {}) =>
  settledAttempt({ startedAtMs: day + offsetMs, upstreamModel, costNanoUsd: 1_000_000, ...changes });

test("days and models that differ, sums of all, and how much of it the ledger covers", async () => {
  await storage.ledger.ingest([
    attempt(0, "m"),
    attempt(24 * hourMs - 1, "m"),
    attempt(24 * hourMs, "m"),
    // Refused: the provider counts none of it. Under way: nor do we.
    attempt(1, "m", {
      status: 429,
      usage: { inputTokens: 0, cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: 0, reasoningTokens: 0 },
      costNanoUsd: 0,
    }),
    startedAttempt({ startedAtMs: day, upstreamModel: "m" }),
    attempt(5, "elsewhere", { endpoint: "other" }),
  ]);
  const [row] = await storage.ledger.attemptsOf([
    (await storage.ledger.pageOfRequests({ model: "gpt-4o" }, { limit: 1 })).rows[0]?.request_id ?? "",
  ]);
  expect(row?.upstream_model).toBe("m");
  csv(header, "2026-10-05,m,20,8,14,2,0.002", "2026-10-06,m,30,4,7,1,0.001");

  const { out, notes, failure } = await run({});
  expect(failure).toBeNull();
  const tables = out.split("\n\n").map((table) => table.split("\n").map((line) => line.trim().split(/ {2,}/)));
  expect(tables[0]).toEqual([
    ["DAY (UTC)", "MODEL", "FIGURE", "PROVIDER", "LEDGER", "DIFFERENCE", "COVERAGE"],
    ["2026-10-06", "m", "input tokens", "30", "10", "-20", "33.33 %"],
    ["2026-10-06", "m", "all tokens", "41", "21", "-20", "51.22 %"],
  ]);
  expect(tables[1]?.slice(0, 7)).toEqual([
    ["MODEL", "FIGURE", "PROVIDER", "LEDGER", "DIFFERENCE", "COVERAGE"],
    ["m", "input tokens", "50", "30", "-20", "60.00 %"],
    ["m", "cached tokens", "12", "12", "0", "100.00 %"],
    ["m", "output tokens", "21", "21", "0", "100.00 %"],
    ["m", "all tokens", "83", "63", "-20", "75.90 %"],
    ["m", "requests", "3", "3", "0", "100.00 %"],
    ["m", "cost (USD)", "0.003000", "0.003000", "0.000000", "100.00 %"],
  ]);
  expect(tables[1]?.[7]).toEqual(["all", "input tokens", "50", "30", "-20", "60.00 %"]);
  expect(notes).toBe("Only in the ledger, and in no sum: elsewhere.");

  expect((await run({ minCoverage: "80" })).failure).toBe("The ledger covers 75.90 % of what the provider has, less than 80 %.");
  expect((await run({ minCoverage: "75%" })).failure).toBeNull();
});

test("as JSON, of some days and one endpoint alone", async () => {
  await storage.ledger.ingest([attempt(0, "m"), attempt(1, "m", { endpoint: "other" }), attempt(48 * hourMs, "m")]);
  csv(header, "2026-10-05T10:00:00Z,m,10,4,7,1,0.001", "2026-10-07,m,99,4,7,1,0.001");
  const { out, notes } = await run({ from: "2026-10-05", to: "2026-10-05T12:00:00Z", endpoint: "openai", json: true });
  const same = (value: number) => ({ provider: value, ledger: value, difference: 0, coverage_percent: 100 });
  const figures = {
    input_tokens: same(10),
    cached_input_tokens: same(4),
    output_tokens: same(7),
    requests: same(1),
    cost_usd: same(0.001),
  };
  expect(JSON.parse(out)).toEqual({
    from: "2026-10-05T00:00:00.000Z",
    to: "2026-10-06T00:00:00.000Z",
    coverage_percent: 100,
    total: figures,
    models: [{ model: "m", ...figures }],
    days: [{ day: "2026-10-05", model: "m", ...figures }],
    only_in_ledger: [],
  });
  expect(notes).toBe("");
  expect((await run({ to: "2026-10-06", endpoint: "openai" })).notes).toBe("Every day agrees.");
});

test("counts adjustments as cost, and says when the days before have no attempts any more", async () => {
  await storage.ledger.ingest([attempt(48 * hourMs, "m")]);
  const { rows } = await storage.ledger.pageOfRequests({}, { limit: 1 });
  const [{ started_at, id, model, endpoint_id, endpoint, key_id, user_id, group_id }] = rows as [(typeof rows)[0]];
  await storage.adjustments.insert([
    {
      ...{ attempt_started_at: started_at, attempt_id: id, id: "adj_1", at: 1, delta_nano_usd: 500, unpriced_requests: 0 },
      ...{ price_version: null, reason: "reprice", batch_id: "bat_1", model, endpoint_id, endpoint, key_id, user_id, group_id },
    },
  ]);
  csv("date,model,cost,team", "2026-10-05,m,0.001,x", "2026-10-07,m,0.0010005,x");
  const { out, notes } = await run({ json: true });
  expect(JSON.parse(out).days.map((each: { cost_usd: { ledger: number } }) => each.cost_usd.ledger)).toEqual([0, 0.0010005]);
  expect(notes).toBe(
    "Columns that nothing is read from: team.\nThe ledger has attempts from 2026-10-07 on; of earlier days there is nothing to compare with.",
  );
});

test("refuses files that are none, naming the place, and options that make no sense", async () => {
  expect((await run({ providerCsv: "missing.csv" })).failure).toMatch(/missing\.csv: does not exist/);
  csv(header, "2026-10-05,m,10,4,7,1,0.001", "2026-10-05,m,ten,4,7,1,0.001");
  expect((await run({})).failure).toBe('usage.csv, line 3, column 3: "ten" is no whole number.');
  csv("Datum,Modell");
  expect((await run({})).failure).toMatch(/^usage\.csv: no column is known to have .*; the columns are: Datum, Modell\.$/);
  csv(header);
  expect((await run({})).failure).toBe("The file has no usage.");
  csv(header, "2026-10-05,m,10,4,7,1,0.001");
  expect((await run({ from: "2026-10-06", to: "2026-10-07" })).failure).toBe("The file has no usage in this time.");
  expect((await run({ from: "soon" })).failure).toMatch(/^--from must be a time/);
  expect((await run({ minCoverage: "much" })).failure).toMatch(/^--min-coverage must be a number of percent/);
  expect((await run({ dataDir: join(cwd, "other") })).failure).toMatch(/There is no database in/);
});
