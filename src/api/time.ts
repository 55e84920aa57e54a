// Times on the wire: RFC 3339, UTC, milliseconds inside.
import { z } from "zod";

const rfc3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/;
const dateOnly = /^\d{4}-\d{2}-\d{2}$/;

/** ms → `2026-01-31T12:00:00.000Z`. */
export function formatTime(ms: number): string {
  return new Date(ms).toISOString();
}

export function formatTimeOrNull(ms: number | null): string | null {
  return ms === null ? null : formatTime(ms);
}

/** RFC 3339 (any offset) to ms; null when it is none. `new Date` alone would take local times and words. */
function parseTimeMs(text: string): number | null {
  if (!rfc3339.test(text)) return null;
  return existing(text.toUpperCase().replace(" ", "T"));
}

/** NaN for hour 25; a day that the month does not have is refused too, where `Date` would count on into the next month. */
function existing(text: string): number | null {
  const ms = Date.parse(text);
  const [year, month, day] = text.slice(0, 10).split("-").map(Number) as [number, number, number];
  const lastDay = new Date(Date.UTC(year, month, 0)).getUTCDate();
  return Number.isNaN(ms) || day > lastDay ? null : ms;
}

/** An RFC 3339 time in a request, as ms. */
export const timeField = z.string().transform((text, context) => {
  const ms = parseTimeMs(text);
  if (ms !== null) return ms;
  context.addIssue({ code: "custom", message: "must be an RFC 3339 time such as 2026-01-31T12:00:00Z" });
  return z.NEVER;
});

/** An RFC 3339 time or a date (its UTC midnight) in a query, as ms. */
export const timeOrDateField = z.string().transform((text, context) => {
  const ms = dateOnly.test(text) ? existing(`${text}T00:00:00Z`) : parseTimeMs(text.replace(" ", "+"));
  if (ms !== null) return ms;
  context.addIssue({ code: "custom", message: "must be an RFC 3339 time or a date such as 2026-01-31" });
  return z.NEVER;
});

/** A time in an answer. */
export const timeText = z.string().meta({ format: "date-time" });
