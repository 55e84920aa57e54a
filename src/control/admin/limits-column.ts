// Limits between their wire form and their column, which holds those that are set.
import type { GivenLimits, LimitsBody } from "../../api/limits.ts";
import { mergePatch } from "./merge-patch.ts";

/** The column after `given` is merged into what it holds `before`; null takes all away. */
export function limitsColumn(given: GivenLimits | null | undefined, before: string | null = null): string | null {
  if (given === undefined) return before;
  if (given === null) return null;
  return JSON.stringify(mergePatch(JSON.parse(before ?? "{}"), given));
}

export function presentLimits(column: string | null): LimitsBody {
  return column === null ? {} : (JSON.parse(column) as LimitsBody);
}
