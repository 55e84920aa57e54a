// The switch for bodies of requests, between its wire form and its column.
import type { BodyKeepingBody, GivenBodyKeeping } from "../../api/body-keeping.ts";
import { formatDuration } from "../../core/duration.ts";
import { bodyKeepingOf, defaultBodyRetentionMs, type StoredBodyKeeping } from "../../domain/body-keeping.ts";

/** The column after `given` is merged into what it holds `before`; null switches off. */
export function bodiesColumn(given: GivenBodyKeeping | null | undefined, before: string | null = null): string | null {
  if (given === undefined) return before;
  if (given === null) return null;
  const had = bodyKeepingOf(before);
  const { retention = had?.retentionMs, redact = had?.redact } = given;
  const stored: StoredBodyKeeping = { retention_ms: retention ?? defaultBodyRetentionMs, redact: [...new Set(redact ?? [])] };
  return JSON.stringify(stored);
}

export function presentBodyKeeping(column: string | null): BodyKeepingBody | null {
  const keeping = bodyKeepingOf(column);
  return keeping === null ? null : { retention: formatDuration(keeping.retentionMs), redact: [...keeping.redact] };
}
