// What was used last is kept, and never more than the bound.
import fc from "fast-check";
import { expect, test } from "vitest";
import { RecentMap } from "./recent-map.ts";

test("the half that was used last is always there, with its latest value, and the bound holds", () => {
  const operations = fc.array(fc.tuple(fc.constantFrom("get", "set", "set", "delete"), fc.nat({ max: 30 })), { maxLength: 200 });
  fc.assert(
    fc.property(operations, fc.integer({ min: 2, max: 20 }), (list, entriesMax) => {
      const map = new RecentMap<number>(entriesMax);
      /** Of the entries that were not deleted, the last used at the end. */
      let used: [string, number][] = [];
      for (const [index, [operation, number]] of list.entries()) {
        const key = `k${number}`;
        const present = used.find(([name]) => name === key);
        if (operation === "set") {
          map.set(key, index);
          used = [...used.filter(([name]) => name !== key), [key, index]];
        } else if (operation === "delete") {
          map.delete(key);
          used = used.filter(([name]) => name !== key);
        } else {
          const found = map.get(key);
          if (found !== undefined) {
            expect(found).toBe(present?.[1]);
            used = [...used.filter(([name]) => name !== key), [key, found]];
          } else {
            expect(used.slice(-Math.floor(entriesMax / 2))).not.toContainEqual(present);
          }
        }
        expect(map.size).toBeLessThanOrEqual(entriesMax);
      }
      for (const [key, value] of used.slice(-Math.floor(entriesMax / 2))) expect(map.get(key)).toBe(value);
    }),
    { numRuns: 1000 },
  );
});
