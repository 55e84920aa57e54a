// Times as people say them: "3m ago", "in 2d".

const units = [
  ["y", 365 * 86_400_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
] as const;

/** An RFC 3339 time, seen from `nowMs`; "" for none. */
export function relativeTime(time: string | null | undefined, nowMs: number): string {
  if (time === null || time === undefined) return "";
  const distanceMs = Date.parse(time) - nowMs;
  const [unit, sizeMs] = units.find(([, size]) => Math.abs(distanceMs) >= size) ?? ["s", 1000];
  const count = Math.floor(Math.abs(distanceMs) / sizeMs);
  if (count === 0) return "now";
  return distanceMs < 0 ? `${count}${unit} ago` : `in ${count}${unit}`;
}
