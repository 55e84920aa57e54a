// A model keeps its state from snapshot to snapshot, and no state outlives its model.
import { expect, test } from "vitest";
import { PerModel } from "./per-model.ts";
import { RetryBudget } from "./retry-budget.ts";

test("a model has one state of its own until it is gone", () => {
  const budgets = new PerModel(() => new RetryBudget());
  const kept = budgets.of("mdl_1");
  const dropped = budgets.of("mdl_2");
  expect(budgets.of("mdl_1")).toBe(kept);
  expect(dropped).not.toBe(kept);

  budgets.keepOnly(new Set(["mdl_1", "mdl_3"]));
  expect(budgets.size).toBe(1);
  expect(budgets.of("mdl_1")).toBe(kept);
  expect(budgets.of("mdl_2")).not.toBe(dropped);
});
