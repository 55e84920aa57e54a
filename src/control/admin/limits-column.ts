// Limits between their wire form and their column, which holds those that are set.
import type { GivenLimits, LimitsBody } from "../../api/limits.ts";
import { HeadgateError } from "../../core/errors.ts";
import { limitsColumnOf, limitsOf, type StoredLimits } from "../../domain/limits.ts";
import { mergePatch } from "./merge-patch.ts";

/** What says something about a budget, and goes with it. */
const ofBudget = ["budget_period", "budget_timezone", "budget_unpriced"] as const;

/** The column after `given` is merged into what it holds `before`; null takes all away. Throws HeadgateError invalid_field. */
export function limitsColumn(given: GivenLimits | null | undefined, before: string | null = null): string | null {
  if (given === undefined) return before;
  if (given === null) return null;
  const merged = mergePatch(JSON.parse(before ?? "{}"), given) as StoredLimits;
  if (merged.budget_usd === undefined) {
    for (const name of ofBudget) {
      if (given[name] !== undefined && given[name] !== null) throw withoutBudget(name);
      delete merged[name];
    }
  }
  return JSON.stringify(merged);
}

function withoutBudget(name: string): HeadgateError {
  const field = `limits.${name}`;
  return new HeadgateError("invalid_field", {
    field,
    message: `${field}: says something about a budget, and there is no budget_usd`,
  });
}

/** With what holds where only part of a budget is set. */
export function presentLimits(column: string | null): LimitsBody {
  const complete = limitsColumnOf(limitsOf(column));
  return complete === null ? {} : (JSON.parse(complete) as LimitsBody);
}
