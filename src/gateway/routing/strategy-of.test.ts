// Whatever the strategy: weight 0 last, then the lowest tier, then the strategy inside it.
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../../test/support/random.ts";
import { strategies } from "../../domain/pool.ts";
import { candidate, type TargetFields } from "./fixtures/candidate.ts";
import { firstTier, strategyOf } from "./strategy-of.ts";

const ids = (fields: TargetFields[]) => firstTier(fields.map((one) => candidate(one))).map(({ target }) => target.deployment.id);

describe("the first tier", () => {
  test("is the same array when all are in it", () => {
    const one = [candidate({ id: "a", weight: 0, priority: 3 })];
    const zeros = ["a", "b"].map((id) => candidate({ id, weight: 0, priority: 3 }));
    const equal = ["a", "b", "c"].map((id) => candidate({ id, priority: 1 }));
    for (const all of [one, zeros, equal]) expect(firstTier(all)).toBe(all);
  });

  test("holds those of the lowest priority, in their order", () => {
    expect(
      ids([
        { id: "a", priority: 2 },
        { id: "b", priority: 1 },
        { id: "c", priority: 1 },
        { id: "d", priority: 7 },
      ]),
    ).toEqual(["b", "c"]);
    expect(
      ids([
        { id: "a", priority: 2 },
        { id: "b", priority: 3 },
      ]),
    ).toEqual(["a"]);
  });

  test("holds weight 0 only when no other is left, in whichever tier", () => {
    expect(ids([{ id: "a", weight: 0 }, { id: "b" }, { id: "c" }])).toEqual(["b", "c"]);
    expect(
      ids([
        { id: "a", weight: 0, priority: 0 },
        { id: "b", priority: 5 },
      ]),
    ).toEqual(["b"]);
    expect(
      ids([
        { id: "a", weight: 0, priority: 5 },
        { id: "b", weight: 0, priority: 6 },
      ]),
    ).toEqual(["a"]);
  });
});

describe.each(strategies.map((name) => ({ name })))("$name", ({ name }) => {
  const strategy = strategyOf(name);

  test("stays within the lowest tier and off weight 0", () => {
    const candidates = [
      candidate({ id: "zero", weight: 0, priority: 0 }),
      candidate({ id: "later", weight: 100, priority: 2 }),
      candidate({ id: "a", priority: 1 }),
      candidate({ id: "b", priority: 1 }),
    ];
    const random = seededRandom(11);
    const seen = new Set<string>();
    for (let index = 0; index < 500; index++) {
      const { candidate: picked, why } = strategy(candidates, { nowMs: 0, random, session: () => `s${index}` });
      seen.add(picked.target.deployment.id);
      expect(why.startsWith(`${name}: `)).toBe(true);
    }
    expect([...seen].sort()).toEqual(name === "priority" ? ["a"] : ["a", "b"]);
  });

  test("takes the only candidate without asking for chance or session", () => {
    const only = candidate({ id: "a", weight: 0 });
    const asked = () => expect.fail("asked");
    const pick = strategy([only], { nowMs: 0, random: asked, session: asked });
    expect(pick).toEqual({ candidate: only, why: `${name}: the only candidate` });
  });
});
