// Times as they are given on the command line.
import { timeOrDateField } from "../api/time.ts";
import { parseDurationMs } from "../core/duration.ts";
import { WrongUse } from "./wrong-use.ts";

/** A time, a date (its UTC midnight) or a duration before now, as ms. Throws WrongUse that names the option. */
export function readMoment(option: string, text: string, nowMs: number): number {
  const agoMs = parseDurationMs(text);
  if (agoMs !== null) return nowMs - agoMs;
  const read = timeOrDateField.safeParse(text);
  if (read.success) return read.data;
  throw new WrongUse(
    `${option} must be a time such as 2026-01-31T12:00:00Z, a date such as 2026-01-31, or a duration such as 7d.`,
  );
}

/** Throws WrongUse when there is nothing between the two. */
export function readRange({ from, to }: { from: string; to: string }, nowMs: number): { fromMs: number; toMs: number } {
  const range = { fromMs: readMoment("--from", from, nowMs), toMs: readMoment("--to", to, nowMs) };
  if (range.fromMs >= range.toMs) throw new WrongUse("--from must be before --to.");
  return range;
}
