// When a provider wants to be called again, from the headers of its answer.

/**
 * Milliseconds from `nowMs`, not bounded above: `retry-after-ms` (OpenAI, Azure), else `retry-after` as seconds or as a date
 * (RFC 9110 §10.2.3). Null when absent or senseless. `headers`: flat, lower-case names. A date is held against the
 * answer's own `date`, so that clocks that differ don't matter.
 */
export function parseRetryAfter(headers: readonly string[], nowMs: number): number | null {
  const ms = decimal(headerValue(headers, "retry-after-ms"));
  if (ms !== null) return ms;
  const text = headerValue(headers, "retry-after");
  const seconds = decimal(text);
  if (seconds !== null) return seconds * 1000;
  const atMs = dateMs(text);
  return atMs === null ? null : Math.max(0, atMs - (dateMs(headerValue(headers, "date")) ?? nowMs));
}

const exhaustible = [
  "x-ratelimit-#-requests",
  "x-ratelimit-#-tokens",
  "anthropic-ratelimit-requests-#",
  "anthropic-ratelimit-tokens-#",
  "anthropic-ratelimit-input-tokens-#",
  "anthropic-ratelimit-output-tokens-#",
] as const;

/**
 * Milliseconds until the last of the limits is reset of which nothing remains: OpenAI's and Anthropic's headers. Null when
 * they name none; means something for 429 only, and only without a `retry-after`.
 */
export function rateLimitResetMs(headers: readonly string[], nowMs: number): number | null {
  let latestMs: number | null = null;
  for (const name of exhaustible) {
    if (headerValue(headers, name.replace("#", "remaining")) !== "0") continue;
    const text = headerValue(headers, name.replace("#", "reset"));
    const atMs = dateMs(text);
    const ms = atMs === null ? durationMs(text) : Math.max(0, atMs - nowMs);
    if (ms !== null) latestMs = Math.max(latestMs ?? 0, ms);
  }
  return latestMs;
}

function headerValue(headers: readonly string[], name: string): string | null {
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index] === name) return (headers[index + 1] as string).trim();
  }
  return null;
}

function decimal(text: string | null): number | null {
  return text !== null && /^\d{1,12}(?:\.\d{0,9})?$/.test(text) ? Number(text) : null;
}

/** HTTP dates and RFC 3339 both name a time of day; other texts that Date would take ("7", "May") don't. */
function dateMs(text: string | null): number | null {
  if (text === null || text.length > 40 || !/\d\d:\d\d:\d\d/.test(text)) return null;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? null : atMs;
}

const unitMs: Record<string, number> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** "6m0s", "12ms", "1.5s". */
function durationMs(text: string | null): number | null {
  if (text === null || !/^(?:\d{1,9}(?:\.\d{1,9})?(?:d|h|ms|m|s)){1,5}$/.test(text)) return null;
  let sum = 0;
  for (const [, count, unit] of text.matchAll(/([\d.]+)(ms|[dhms])/g)) sum += Number(count) * (unitMs[unit as string] as number);
  return sum;
}
