// Reads single counts out of what a provider says about usage.

/** A count beyond this is a provider's mistake. */
const tokensMax = 1_000_000_000;

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Null for what is no count: negative, no integer, absurd, or missing. */
export function count(value: unknown): number | null {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= tokensMax ? value : null;
}

/** An object to look into, whatever is there. */
export function part(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}
