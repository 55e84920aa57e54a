// What several processes know of one deployment, as one: the worst that one of them sees, and the calls of all.
import type { SeenHealth } from "../domain/seen-health.ts";

const worstFirst = ["benched", "resting", "trial", "healthy", "unknown"] as const;

/** Null: nobody knows anything. */
export function mergeHealth(seen: readonly SeenHealth[]): SeenHealth | null {
  let worst: SeenHealth | null = null;
  for (const each of seen) if (worst === null || rank(each) < rank(worst)) worst = each;
  if (worst === null || seen.length === 1) return worst;
  return {
    ...worst,
    inFlight: seen.reduce((sum, { inFlight }) => sum + inFlight, 0),
    latencyMs: mean(seen.map(({ latencyMs }) => latencyMs)),
    failureRatio: mean(seen.map(({ failureRatio }) => failureRatio)),
  };
}

function rank({ status }: SeenHealth): number {
  return worstFirst.indexOf(status);
}

function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
