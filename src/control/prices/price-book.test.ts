// Which price a target has, what its version says, that each is written down, and that dates of the catalogue come true.
import { afterEach, beforeEach, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../../../test/support/database.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { createFakeClock, type FakeClock } from "../../../test/support/fake-clock.ts";
import { newId } from "../../core/ids.ts";
import type { Logger } from "../../core/logger.ts";
import type { PriceRow, PriceVersionRow } from "../../storage/ports/prices.ts";
import { overridesOf, PriceBook } from "./price-book.ts";
import { factsOfRow } from "./price-facts.ts";
import { watchPrices } from "./watch-prices.ts";

const url = "https://api.openai.com/v1";
const target = { model: "smart", pool: "gpt-4o", url, upstreamModel: "gpt-4o" };
const elsewhere = { ...target, url: "http://vllm.internal/v1" };

let database: TestDatabase;
let clock: FakeClock;
let book: PriceBook;
let logged: string[];
let log: Logger;
beforeEach(async () => {
  database = await testDatabase("sqlite");
  clock = createFakeClock(Date.parse("2026-11-22T12:30:00Z"));
  logged = [];
  const write = (fields: object, message: string) => void logged.push(`${message} ${JSON.stringify(fields)}`);
  log = { debug: write, info: write, warn: write, error: write };
  book = new PriceBook({ clock, log });
  await book.prepare([target, elsewhere]);
});
afterEach(() => database.remove());

function override(model: string, input: number): PriceRow {
  const components = JSON.stringify({ input, output: 2 * input, cachedInput: null, cacheWrite: null });
  return { id: newId("prc"), model, components, created_at: 1, updated_at: 1, version: 1 };
}

test("the model's own override comes first, then its pool's, then the catalogue", () => {
  const of = (...rows: PriceRow[]) => book.priceOf(target, overridesOf(rows));
  expect(of(override("smart", 5), override("gpt-4o", 7))).toMatchObject({
    source: "override",
    model: "smart",
    price: { prices: { input: 5, output: 10, cachedInput: 5 } },
  });
  expect(of(override("gpt-4o", 7))).toMatchObject({ source: "override", model: "gpt-4o", price: { prices: { input: 7 } } });
  expect(of(override("other", 9))).toMatchObject({
    source: "catalogue",
    provider: "openai",
    model: "gpt-4o",
    price: { prices: { input: 2_500_000_000, cachedInput: 1_250_000_000, output: 10_000_000_000 } },
  });
  expect(book.priceOf(elsewhere, new Map())).toBeNull();
  // Nothing is a price as well.
  expect(of(override("smart", 0))?.price.prices).toMatchObject({ input: 0, output: 0, reasoning: 0 });
});

test("equal prices have equal versions, in every process; other numbers or another origin, another", () => {
  const again = new PriceBook({ clock, log });
  const version = (row: PriceRow, of = book) => of.priceOf(elsewhere, overridesOf([row]))?.price.version;
  expect(version(override("smart", 5))).toMatch(/^pv_[0-9a-f]{16}$/);
  expect(version(override("smart", 5), again)).toBe(version(override("smart", 5)));
  expect(version(override("smart", 6))).not.toBe(version(override("smart", 5)));
  expect(version(override("gpt-4o", 5))).not.toBe(version(override("smart", 5)));
});

test("what was given out is written down once, and can be read by its version", async () => {
  const given = [book.priceOf(target, new Map()), book.priceOf(elsewhere, overridesOf([override("smart", 5)]))];
  book.write(database.storage);
  await book.settled();
  const versions = given.map((facts) => facts?.price.version as string);
  const rows = await database.storage.priceVersions.ofVersions(versions);
  expect(rows.map(({ first_seen_at }) => first_seen_at)).toEqual([clock.nowMs(), clock.nowMs()]);
  const byVersion = new Map(rows.map((row) => [row.version, factsOfRow(row)]));
  expect(versions.map((version) => byVersion.get(version))).toEqual(given);

  let writes = 0;
  const counting = {
    priceVersions: {
      ...database.storage.priceVersions,
      insertMissing: async () => void writes++,
    },
  };
  book.priceOf(target, new Map());
  book.write(counting);
  await book.settled();
  expect(writes).toBe(0);
});

test("a database that takes no writes is asked again, and nobody waits for it", async () => {
  let accepts = false;
  const written: PriceVersionRow[] = [];
  const insertMissing = async (rows: readonly PriceVersionRow[]) => {
    if (!accepts) throw new Error("read-only");
    written.push(...rows);
  };
  const storage = { priceVersions: { ...database.storage.priceVersions, insertMissing } };
  const facts = book.priceOf(target, new Map());
  book.write(storage);
  await book.settled();
  expect(logged).toEqual([expect.stringContaining("could not be written")]);
  accepts = true;
  book.write(storage);
  await book.settled();
  expect(written.map(({ version }) => version)).toEqual([facts?.price.version]);
});

test("a price that begins on a date is published in its first hour, once", async () => {
  const dated = {
    model: "g",
    pool: "g",
    url: "https://generativelanguage.googleapis.com/v1beta",
    upstreamModel: "gemini-3.6-flash",
  };
  await book.prepare([dated]);
  const versions = new Set<string | undefined>();
  const read = () => versions.add(book.priceOf(dated, new Map())?.price.version);
  read();
  let fails = true;
  let published = 0;
  const publish = async () => {
    if (fails) throw new Error("the database is away");
    published++;
    read();
  };
  const stop = watchPrices({ prices: book, publish, clock, log });
  await clock.advance(Date.parse("2026-12-31T23:59:59Z") - clock.nowMs());
  expect([published, versions.size]).toEqual([0, 1]);
  await clock.advance(2000);
  expect([published, versions.size]).toEqual([0, 1]);
  fails = false;
  await clock.advance(60_000);
  expect([published, versions.size]).toEqual([1, 2]);
  await clock.advance(48 * 3_600_000);
  expect(published).toBe(1);
  await stop();
  await eventually(() => clock.pending === 0);
});
