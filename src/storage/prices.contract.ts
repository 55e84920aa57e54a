// What the repositories of prices do, for every engine.
import { describe, expect, test } from "vitest";
import { newId } from "../core/ids.ts";
import type { PriceVersionRow } from "./ports/prices.ts";
import type { ContractDatabase } from "./storage.contract.ts";

const now = 1_800_000_000_000;

function versionRow(changes: Partial<PriceVersionRow> = {}): PriceVersionRow {
  const version = newId("prc");
  const origin = { source: "catalogue", provider: "openai", model: "gpt-4o", catalogue_version: "0.1.8" };
  return { version, ...origin, content: '{"prices":{}}', first_seen_at: now, ...changes };
}

export function pricesContract(database: ContractDatabase): void {
  describe("prices", () => {
    test("there is one per model: the next one takes its place, and keeps its id and when it was made", async () => {
      const { prices } = database.storage;
      const [model, id] = ["a/model: ü'\"", newId("prc")];
      expect(await prices.get(model)).toBeNull();
      const made = await prices.set({ id, model, components: '{"input":1}' }, now);
      expect(made).toEqual({ id, model, components: '{"input":1}', created_at: now, updated_at: now, version: 1 });
      const changed = await prices.set({ id: newId("prc"), model, components: '{"input":2}' }, now + 5);
      expect(changed).toEqual({ ...made, components: '{"input":2}', updated_at: now + 5, version: 2 });
      expect(await prices.get(model)).toEqual(changed);
      expect(await prices.delete(model)).toBe(true);
      expect(await prices.delete(model)).toBe(false);
      expect(await prices.get(model)).toBeNull();
    });

    test("all of them are by model", async () => {
      const { prices } = database.storage;
      for (const model of ["b", "a", "B"]) await prices.set({ id: newId("prc"), model, components: "{}" }, now);
      expect((await prices.all()).map(({ model }) => model)).toEqual(["B", "a", "b"]);
      for (const model of ["b", "a", "B"]) await prices.delete(model);
    });

    test("many setting one at once leave one, with a version for each", async () => {
      const { prices } = database.storage;
      const set = (index: number) => prices.set({ id: newId("prc"), model: "contended", components: `{"input":${index}}` }, now);
      const rows = await Promise.all(Array.from({ length: 8 }, (_, index) => set(index)));
      expect(rows.map(({ version }) => version).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      expect(new Set(rows.map(({ id }) => id)).size).toBe(1);
    });

    test("versions in use are written once, whoever writes them, and never changed", async () => {
      const { priceVersions } = database.storage;
      const first = versionRow();
      const override = versionRow({ source: "override", provider: null, catalogue_version: null, content: '{"ü":"\\""}' });
      await priceVersions.insertMissing([]);
      await priceVersions.insertMissing([first, override]);
      const other = versionRow();
      await Promise.all([
        priceVersions.insertMissing([{ ...first, content: "another" }, other]),
        priceVersions.insertMissing([other, { ...override, first_seen_at: now + 1 }]),
      ]);
      const versions = [first, override, other].map(({ version }) => version);
      const byVersion = (rows: PriceVersionRow[]) => rows.toSorted((a, b) => (a.version < b.version ? -1 : 1));
      expect(byVersion(await priceVersions.ofVersions([...versions, "pv_unknown"]))).toEqual(byVersion([first, override, other]));
      expect(await priceVersions.ofVersions([])).toEqual([]);
    });
  });
}
