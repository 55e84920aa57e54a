// Durations as people write them: "250ms", "30s", "10m", "1h", "30d", or 0.

const unitMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Parses `text` to milliseconds; a bare 0 is allowed, any other number needs a unit. Null when it is no duration. */
export function parseDurationMs(text: string | number): number | null {
  if (text === 0 || text === "0") return 0;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(String(text).trim());
  if (match === null) return null;
  return Math.round(Number(match[1]) * (unitMs[match[2] as string] as number));
}

/** The shortest exact form: 90000 → "90s", 3600000 → "1h", 0 → "0s". */
export function formatDuration(ms: number): string {
  for (const unit of ["d", "h", "m", "s"]) {
    const size = unitMs[unit] as number;
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`;
  }
  return ms === 0 ? "0s" : `${ms}ms`;
}
