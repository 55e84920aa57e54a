// A moment, as how long ago it was; the exact time is its title.
import { useSyncExternalStore } from "react";

const listeners = new Set<() => void>();
let nowMs = Date.now();
setInterval(() => {
  nowMs = Date.now();
  for (const listener of listeners) listener();
}, 15_000);

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
const units: readonly [unit: Intl.RelativeTimeFormatUnit, ms: number][] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
];

/** The present time; whoever shows it is drawn anew four times a minute. */
export function useNowMs(): number {
  const lastMs = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => nowMs,
  );
  return Math.max(lastMs, Date.now());
}

/** `at` is RFC 3339; null reads as `never`. */
export function Time({ at, never = "never" }: { at: string | null | undefined; never?: string }) {
  const presentMs = useNowMs();
  if (!at) return <span className="text-muted">{never}</span>;
  const ms = Date.parse(at) - presentMs;
  return (
    <time dateTime={at} title={exactTime(at)} className="whitespace-nowrap">
      {relativeTime(ms)}
    </time>
  );
}

/** A moment to come, to the second when it is near; `at` as in `Time`. */
export function UntilTime({ at }: { at: string }) {
  const ms = Date.parse(at) - useNowMs();
  return (
    <time dateTime={at} title={exactTime(at)} className="whitespace-nowrap">
      {ms < 1000 ? "in a moment" : ms < 60_000 ? `in ${Math.ceil(ms / 1000)} s` : relativeTime(ms)}
    </time>
  );
}

/** `2026-01-31 13:05:09` in the browser's time zone. */
export function exactTime(at: string): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function relativeTime(ms: number): string {
  if (Math.abs(ms) < 10_000) return "just now";
  const [unit, size] = units.find(([, unitMs]) => Math.abs(ms) >= unitMs) ?? ["second", 1000];
  return relative.format(Math.round(ms / size), unit);
}
