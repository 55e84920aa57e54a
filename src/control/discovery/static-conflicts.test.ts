// Conflicts known from the configuration and from a first list: all of them at once, none that is not one.
import { describe, expect, test } from "vitest";
import { listingConflicts, staticConflicts } from "./static-conflicts.ts";

const none = new Set<string>();
const models = (conflicts: { model: string }[]) => conflicts.map(({ model }) => model).sort();

describe("conflicts of a configuration", () => {
  test("aliases that lead to one name", () => {
    const aliases = { a: "x", b: "x", c: "y", d: "y", e: "z" };
    const conflicts = staticConflicts({ selection: "all", aliases, reservedNames: none });
    expect(models(conflicts)).toEqual(["a", "b", "c", "d"]);
    expect(conflicts[0]).toEqual({ model: "a", alias: "x", reason: "'x' would also be the name of this endpoint's model 'b'" });
  });

  test("an alias that is another pinned model's id, unless that one is renamed", () => {
    const selection = ["a", "b"];
    expect(models(staticConflicts({ selection, aliases: { a: "b" }, reservedNames: none }))).toEqual(["a"]);
    expect(staticConflicts({ selection, aliases: { a: "b", b: "a" }, reservedNames: none })).toEqual([]);
  });

  test("names of virtual models, as alias or as id", () => {
    const reservedNames = new Set(["smart", "fast"]);
    expect(models(staticConflicts({ selection: ["a", "fast"], aliases: { a: "smart" }, reservedNames }))).toEqual(["a", "fast"]);
  });

  test("aliases of models that are not pinned are none", () => {
    expect(staticConflicts({ selection: ["a"], aliases: { a: "x", b: "x" }, reservedNames: none })).toEqual([]);
  });

  test("with the provider's list, all three aliases that meet listed ids", () => {
    const aliases = { a: "m1", b: "m2", c: "m3" };
    const rules = { selection: "all" as const, aliases, reservedNames: none };
    expect(staticConflicts(rules)).toEqual([]);
    expect(models(listingConflicts(rules, ["a", "b", "c", "m1", "m2", "m3", "m4"]))).toEqual(["a", "b", "c"]);
    expect(listingConflicts(rules, ["m1", "m2", "m3"])).toEqual([]);
  });

  test("a listed model that happens to be called as a virtual one is none; an alias or a pin that asks for the name is", () => {
    const reservedNames = new Set(["smart", "fast"]);
    const aliases = { a: "smart" };
    expect(models(listingConflicts({ selection: "all", aliases, reservedNames }, ["a", "b", "fast", "smart"]))).toEqual(["a"]);
    expect(models(listingConflicts({ selection: ["fast"], aliases: {}, reservedNames }, ["b", "fast"]))).toEqual(["fast"]);
  });
});
