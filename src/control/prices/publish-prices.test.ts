// Prices on their way to the data plane: with the snapshot, as soon as they are set, when their date comes, and while the database takes no writes.
import { afterEach, beforeEach, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../../../test/support/database.ts";
import { endpointRow } from "../../../test/support/endpoint-row.ts";
import { createFakeClock, type FakeClock } from "../../../test/support/fake-clock.ts";
import { Cipher } from "../../core/cipher.ts";
import type { Price } from "../../domain/price.ts";
import type { ModelView } from "../../domain/snapshot.ts";
import { defaultTimeouts } from "../../domain/timeouts.ts";
import type { Storage } from "../../storage/ports/storage.ts";
import { deploymentRow } from "../../storage/rows.contract.ts";
import { newModelRow } from "../new-model-row.ts";
import { Publisher } from "../publish-snapshot.ts";
import { PriceBook } from "./price-book.ts";

let database: TestDatabase;
let clock: FakeClock;
let prices: PriceBook;
let warnings: string[];
let models: readonly ModelView[];
let parts: string[];
beforeEach(async () => {
  database = await testDatabase("sqlite");
  clock = createFakeClock(Date.parse("2026-12-31T23:30:00Z"));
  [warnings, parts, models] = [[], [], []];
  prices = new PriceBook({ clock, log: { warn: (_fields, message) => void warnings.push(message) } });
  const { endpoints, deployments } = database.storage;
  await endpoints.insert(endpointRow({ id: "ep_1", name: "google", url: "https://generativelanguage.googleapis.com/v1beta" }));
  const pool = newModelRow("flash", "pool", 1);
  await database.storage.models.insert(pool);
  await deployments.insert(deploymentRow({ endpoint_id: "ep_1", model_id: pool.id, upstream_model: "gemini-3.6-flash" }));
});
afterEach(async () => {
  await prices.settled();
  await database.remove();
});

function publisherOver(storage: Storage): Publisher {
  return new Publisher({
    storage,
    cipher: new Cipher("a secret key for tests, 32 characters"),
    timeouts: defaultTimeouts,
    prices,
    clock,
    target: {
      replace(content) {
        parts.push("all");
        models = content.models;
      },
      apply(patch) {
        parts.push(patch.part);
        if (patch.part === "routing") models = patch.models;
      },
    },
    forgetOlder: async () => {},
  });
}

const price = (): Price | null | undefined => models[0]?.deployments[0]?.price;

test("a price that is set is in the next publication, and written down by its version", async () => {
  const publisher = publisherOver(database.storage);
  await publisher.publishAll();
  const ofCatalogue = price() as Price;
  expect(ofCatalogue.prices.input).toBeGreaterThan(0);
  await database.storage.transaction(async (tx) => {
    const components = JSON.stringify({ input: 5, output: 6, cachedInput: null, cacheWrite: null });
    await tx.prices.set({ id: "prc_1", model: "flash", components }, 1);
    await tx.meta.bumpConfigVersion({ part: "routing" });
  });
  await publisher.catchUp();
  expect(parts).toEqual(["all", "routing"]);
  expect(price()?.prices).toMatchObject({ input: 5, cachedInput: 5, output: 6 });
  await prices.settled();
  const versions = [ofCatalogue.version, price()?.version as string];
  expect(await database.storage.priceVersions.ofVersions(versions)).toHaveLength(2);
});

test("a database that is read and not written keeps no price from callers", async () => {
  const { storage } = database;
  const insertMissing = () => Promise.reject(new Error("read-only"));
  const priceVersions = { ...storage.priceVersions, insertMissing };
  const readOnly = { meta: storage.meta, transaction: storage.transaction.bind(storage), priceVersions } as unknown as Storage;
  await publisherOver(readOnly).publishAll();
  expect(price()?.prices.input).toBeGreaterThan(0);
  await prices.settled();
  expect(warnings).toEqual([expect.stringContaining("could not be written")]);
});

test("a price whose date has come is published without a change of the configuration", async () => {
  const publisher = publisherOver(database.storage);
  await publisher.publishAll();
  const [before, version] = [price()?.version, publisher.version];
  await clock.advance(3_600_000);
  await publisher.pricesChanged();
  expect([parts, publisher.version]).toEqual([["all", "routing"], version]);
  expect(price()?.version).not.toBe(before);
});
