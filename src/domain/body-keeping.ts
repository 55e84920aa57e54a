// Whether the bodies of a key's or a group's requests are kept, for how long, and what is taken out of them.

/** What can be taken out beside credentials, which always are. */
export const redactions = ["emails", "phone_numbers", "card_numbers", "content"] as const;
export type Redaction = (typeof redactions)[number];

export interface BodyKeeping {
  retentionMs: number;
  redact: readonly Redaction[];
}

export const defaultBodyRetentionMs = 7 * 86_400_000;

/** As stored, by the names of the admin API. */
export interface StoredBodyKeeping {
  retention_ms: number;
  redact: Redaction[];
}

/** What is wrong with a retention, in ms; null: nothing. */
export function checkBodyRetentionMs(ms: number): string | null {
  return ms >= 3_600_000 && ms <= 90 * 86_400_000 ? null : "must be from 1h to 90d";
}

/** Reads a `bodies` column; null there: they are not kept. */
export function bodyKeepingOf(column: string | null): BodyKeeping | null {
  if (column === null) return null;
  const { retention_ms: retentionMs, redact } = JSON.parse(column) as StoredBodyKeeping;
  return { retentionMs, redact };
}
