// Times on the wire: RFC 3339, UTC, milliseconds inside.
import { z } from "zod";
import { readTimeMs, readTimeOrDateMs } from "../core/read-time.ts";

/** ms → `2026-01-31T12:00:00.000Z`. */
export function formatTime(ms: number): string {
  return new Date(ms).toISOString();
}

export function formatTimeOrNull(ms: number | null): string | null {
  return ms === null ? null : formatTime(ms);
}

/** An RFC 3339 time in a request, as ms. */
export const timeField = z.string().transform((text, context) => {
  const ms = readTimeMs(text);
  if (ms !== null) return ms;
  context.addIssue({ code: "custom", message: "must be an RFC 3339 time such as 2026-01-31T12:00:00Z" });
  return z.NEVER;
});

/** An RFC 3339 time or a date (its UTC midnight) in a query, as ms. */
export const timeOrDateField = z.string().transform((text, context) => {
  const ms = readTimeOrDateMs(text);
  if (ms !== null) return ms;
  context.addIssue({ code: "custom", message: "must be an RFC 3339 time or a date such as 2026-01-31" });
  return z.NEVER;
});

/** A time in an answer. */
export const timeText = z.string().meta({ format: "date-time" });
