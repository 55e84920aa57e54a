// When the day, week or month of a budget began and ends, by the calendar of its time zone.
import type { Budget } from "../../domain/limits.ts";

/** Half open, ms since the Unix epoch. In all: from 0, without an end. */
export interface Period {
  startMs: number;
  endMs: number | null;
}

/** A day of the calendar; `month` from 0. */
interface CalendarDay {
  year: number;
  month: number;
  day: number;
}

const dayMs = 86_400_000;
const forever: Period = { startMs: 0, endMs: null };
/** Zones come from administrators: there are some 600 names. */
const zonesMax = 1000;
const formats = new Map<string, Intl.DateTimeFormat>();
/** What was found last, by period and zone. */
const found = new Map<string, Period>();

/** The period that `nowMs` falls into; a budget's zone is one that domain/time-zone.ts takes. */
export function periodOf({ period, timeZone }: Pick<Budget, "period" | "timeZone">, nowMs: number): Period {
  if (period === "total") return forever;
  const name = `${period} ${timeZone}`;
  const last = found.get(name);
  if (last !== undefined && nowMs >= last.startMs && nowMs < (last.endMs as number)) return last;
  const current = findPeriod(period, timeZone, nowMs);
  if (found.size >= 3 * zonesMax) found.clear();
  found.set(name, current);
  return current;
}

/** Clocks that are set back across midnight show a day twice: it began when it was shown first, and is over when the next one was. */
function findPeriod(period: "day" | "week" | "month", timeZone: string, nowMs: number): Period {
  let first = firstDay(period, localDay(timeZone, nowMs));
  let startMs = startOf(timeZone, first);
  while (startMs > nowMs) {
    first = moved(period, first, -1);
    startMs = startOf(timeZone, first);
  }
  for (;;) {
    first = moved(period, first, 1);
    const endMs = startOf(timeZone, first);
    if (endMs > nowMs) return { startMs, endMs };
    startMs = endMs;
  }
}

function firstDay(period: "day" | "week" | "month", { year, month, day }: CalendarDay): CalendarDay {
  if (period === "month") return { year, month, day: 1 };
  // 0 is Sunday.
  const sinceMonday = period === "day" ? 0 : (new Date(Date.UTC(year, month, day)).getUTCDay() + 6) % 7;
  return normal(year, month, day - sinceMonday);
}

function moved(period: "day" | "week" | "month", { year, month, day }: CalendarDay, by: number): CalendarDay {
  if (period === "month") return normal(year, month + by, 1);
  return normal(year, month, day + (period === "week" ? 7 : 1) * by);
}

function normal(year: number, month: number, day: number): CalendarDay {
  const date = new Date(Date.UTC(year, month, day));
  return { year: date.getUTCFullYear(), month: date.getUTCMonth(), day: date.getUTCDate() };
}

function localDay(timeZone: string, timeMs: number): CalendarDay {
  const local = new Date(timeMs + offsetMs(timeZone, timeMs));
  return { year: local.getUTCFullYear(), month: local.getUTCMonth(), day: local.getUTCDate() };
}

/** The first moment that clocks there show this day, or a later one where it has no midnight. */
function startOf(timeZone: string, { year, month, day }: CalendarDay): number {
  const midnightMs = Date.UTC(year, month, day);
  const beforeMs = offsetMs(timeZone, midnightMs - dayMs);
  const afterMs = offsetMs(timeZone, midnightMs + dayMs);
  let earliestMs = Number.POSITIVE_INFINITY;
  for (const offset of [beforeMs, afterMs]) {
    const candidateMs = midnightMs - offset;
    if (offsetMs(timeZone, candidateMs) === offset) earliestMs = Math.min(earliestMs, candidateMs);
  }
  if (earliestMs !== Number.POSITIVE_INFINITY) return earliestMs;
  // Clocks are set forward across midnight: the day begins when they are.
  let lowMs = midnightMs - Math.max(beforeMs, afterMs) - 1;
  let highMs = midnightMs - Math.min(beforeMs, afterMs) + 1;
  while (highMs - lowMs > 1) {
    const middleMs = Math.floor((lowMs + highMs) / 2);
    if (offsetMs(timeZone, middleMs) === beforeMs) lowMs = middleMs;
    else highMs = middleMs;
  }
  return highMs;
}

/** How far clocks there are ahead of UTC. */
function offsetMs(timeZone: string, timeMs: number): number {
  const seconds = Math.floor(timeMs / 1000) * 1000;
  const part: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const { type, value } of formatOf(timeZone).formatToParts(seconds)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) - seconds;
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  if (formats.size >= zonesMax) formats.clear();
  formats.set(timeZone, made);
  return made;
}
