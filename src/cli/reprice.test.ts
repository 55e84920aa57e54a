// `headgate reprice` on a real database: what it prints, what it changes, what it refuses.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { temporaryDirectory } from "../../test/support/database.ts";
import { settledAttempt } from "../../test/support/ledger-records.ts";
import { openStorage } from "../storage/open-storage.ts";
import type { Storage } from "../storage/ports/storage.ts";
import { describeFailure } from "./describe-failure.ts";
import { type RepriceOptions, reprice } from "./reprice.ts";

const day = Date.parse("2026-03-10T00:00:00Z");
let cwd: string;
let remove: () => Promise<void>;
let storage: Storage;
beforeEach(async () => {
  const directory = await temporaryDirectory();
  cwd = directory.path;
  remove = directory.remove;
  const dataDir = join(cwd, "data");
  mkdirSync(dataDir);
  storage = await openStorage({ databaseUrl: null, dataDir });
  await storage.migrate();
});
afterEach(async () => {
  await storage.close();
  await remove();
});

async function run(options: RepriceOptions) {
  const printed: string[] = [];
  const notes: string[] = [];
  const io = { print: (text: string) => void printed.push(text), note: (text: string) => void notes.push(text), env: {}, cwd };
  const failure = await reprice(options, io).then(() => null, describeFailure);
  return { out: printed.join("\n"), notes: notes.join("\n"), failure };
}

async function withOverride() {
  const components = JSON.stringify({ input: 2_000_000_000, output: 8_000_000_000 });
  await storage.prices.set({ id: "prc_1", model: "gpt-4o", components }, day);
}

test("prints what changes by model, changes it unless dry, and writes down what the price was", async () => {
  await withOverride();
  const record = settledAttempt({ startedAtMs: day, costNanoUsd: null });
  await storage.ledger.ingest([record, settledAttempt({ startedAtMs: day, model: "unknown" })]);
  const range = { from: "2026-03-10", to: "2026-03-11T00:00:00Z" };
  const usage = async () => {
    const rows = await storage.ledger.usage({ fromMs: day, toMs: day + 1, groupBy: ["model"], bucket: null });
    return rows.map(({ model, costNanoUsd, unpricedRequests }) => [model, costNanoUsd, unpricedRequests]);
  };

  const dry = await run({ ...range, dryRun: true });
  expect(dry).toMatchObject({ failure: null, notes: "Dry run: One attempt would be adjusted." });
  const lines = dry.out.split("\n").map((line) => line.split(/ {2,}/));
  expect(lines[0]).toEqual(["MODEL", "ATTEMPTS", "BEFORE (USD)", "AFTER (USD)", "DIFFERENCE", "NEWLY PRICED", "STILL UNPRICED"]);
  // 14 of input at $2 and 7 of output at $8 per million.
  expect(lines[1]).toEqual(["gpt-4o", "1", "0.000000", "0.000084", "0.000084", "1", "0"]);
  expect(lines[2]).toEqual(["unknown", "1", "0.000000", "0.000000", "0.000000", "0", "1"]);
  expect(lines[3]?.[0]).toBe("all");
  expect(await usage()).toEqual([
    ["gpt-4o", 0, 1],
    ["unknown", 0, 1],
  ]);

  const { out, failure } = await run({ ...range, json: true });
  expect(failure).toBeNull();
  const body = JSON.parse(out);
  expect(body).toMatchObject({
    from: "2026-03-10T00:00:00.000Z",
    dry_run: false,
    adjustments: 1,
    total: { attempts: 2, difference_usd: 0.000084, newly_priced: 1, still_unpriced: 1 },
  });
  expect(await usage()).toEqual([
    ["gpt-4o", 84_000, 0],
    ["unknown", 0, 1],
  ]);
  const attempts = await storage.ledger.attemptsOf([record.requestId]);
  const [entry] = [...(await storage.adjustments.ofAttempts(attempts)).values()].flat();
  expect(entry).toMatchObject({ batch_id: body.batch_id, delta_nano_usd: 84_000 });
  const versions = await storage.priceVersions.ofVersions([entry?.price_version ?? ""]);
  expect(versions).toHaveLength(1);

  const again = await run({ ...range, model: "gpt-4o" });
  expect(again.notes).toBe("Every attempt has cost what it would cost now.");
  expect(again.out.split("\n")).toHaveLength(2);
});

test("refuses times that are none, and a range without an inside", async () => {
  expect((await run({ from: "yesterday" })).failure).toMatch(/^--from must be a time such as/);
  expect((await run({ from: "2026-03-10", to: "2026-02-30" })).failure).toMatch(/^--to must be a time such as/);
  expect((await run({ from: "2026-03-10", to: "2026-03-10" })).failure).toBe("--from must be before --to.");
  expect((await run({ from: "1h" })).notes).toBe("Nothing was asked in this time.");
});

test("does not make a database where there is none", async () => {
  const { failure } = await run({ from: "1d", dataDir: join(cwd, "other") });
  expect(failure).toMatch(/There is no database in .*other yet/);
});
