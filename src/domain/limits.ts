// What a key, a user, a group or a model is held to.

/** Null: not limited. At most N in any second, or in any 60 seconds: the window slides. */
export interface Limits {
  requestsPerSecond: number | null;
  requestsPerMinute: number | null;
}

export const noLimits: Limits = { requestsPerSecond: null, requestsPerMinute: null };

export function isLimited(limits: Limits): boolean {
  return limits.requestsPerSecond !== null || limits.requestsPerMinute !== null;
}

/** As stored: the limits that are set, by the names of the admin API. */
interface StoredLimits {
  requests_per_second?: number;
  requests_per_minute?: number;
}

/** Reads a `limits` column; null there: none. */
export function limitsOf(column: string | null): Limits {
  if (column === null) return noLimits;
  const stored = JSON.parse(column) as StoredLimits;
  return { requestsPerSecond: stored.requests_per_second ?? null, requestsPerMinute: stored.requests_per_minute ?? null };
}

/** What `limitsOf` reads; null when nothing is limited. */
export function limitsColumnOf({ requestsPerSecond, requestsPerMinute }: Limits): string | null {
  const stored: StoredLimits = {
    ...(requestsPerSecond === null ? {} : { requests_per_second: requestsPerSecond }),
    ...(requestsPerMinute === null ? {} : { requests_per_minute: requestsPerMinute }),
  };
  return Object.keys(stored).length === 0 ? null : JSON.stringify(stored);
}
