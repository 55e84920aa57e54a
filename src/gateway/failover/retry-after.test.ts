// Every form in which providers say when to come back is understood, and nonsense is nothing.
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseRetryAfter, rateLimitResetMs } from "./retry-after.ts";

const nowMs = Date.UTC(2025, 5, 1, 12, 0, 0);

test.each([
  [["retry-after", "7"], 7000],
  [["retry-after", " 0 "], 0],
  [["retry-after", "1.5"], 1500],
  [["retry-after-ms", "250", "retry-after", "1"], 250],
  [["retry-after", "2", "retry-after-ms", "soon"], 2000],
  [["retry-after", "Sun, 01 Jun 2025 12:00:30 GMT"], 30_000],
  [["retry-after", "Sun, 01 Jun 2025 11:00:00 GMT"], 0],
  // The provider's clock is an hour ahead of ours.
  [["date", "Sun, 01 Jun 2025 13:00:00 GMT", "retry-after", "Sun, 01 Jun 2025 13:00:05 GMT"], 5000],
  [["retry-after", "86400"], 86_400_000],
  [[], null],
  [["retry-after", ""], null],
  [["retry-after", "-5"], null],
  [["retry-after", "soon"], null],
  [["retry-after", "May"], null],
  [["retry-after", "1e9"], null],
  [["retry-after", "9".repeat(400)], null],
])("%j is %s", (headers, expected) => {
  expect(parseRetryAfter(headers, nowMs)).toBe(expected);
});

test.each([
  [["x-ratelimit-remaining-requests", "0", "x-ratelimit-reset-requests", "6m0s"], 360_000],
  [["x-ratelimit-remaining-tokens", "0", "x-ratelimit-reset-tokens", "12ms"], 12],
  [["x-ratelimit-remaining-tokens", "0", "x-ratelimit-reset-tokens", "1h2m3.5s"], 3_723_500],
  [["x-ratelimit-remaining-tokens", "99", "x-ratelimit-reset-tokens", "6m0s"], null],
  [["anthropic-ratelimit-input-tokens-remaining", "0", "anthropic-ratelimit-input-tokens-reset", "2025-06-01T12:00:09Z"], 9000],
  [["anthropic-ratelimit-requests-remaining", "0", "anthropic-ratelimit-requests-reset", "2025-06-01T11:00:00Z"], 0],
  [
    [
      "x-ratelimit-remaining-requests",
      "0",
      "x-ratelimit-reset-requests",
      "1s",
      "x-ratelimit-remaining-tokens",
      "0",
      "x-ratelimit-reset-tokens",
      "4s",
    ],
    4000,
  ],
  [["x-ratelimit-remaining-requests", "0", "x-ratelimit-reset-requests", "later"], null],
  [[], null],
])("the limits of %j are reset after %s ms", (headers, expected) => {
  expect(rateLimitResetMs(headers, nowMs)).toBe(expected);
});

test("no text makes it anything but null or a time that is finite and not negative", () => {
  const text = fc.oneof(fc.string({ maxLength: 50 }), fc.stringMatching(/^[\d.:,smhdGMTZ +-]{0,40}$/));
  fc.assert(
    fc.property(text, text, (value, date) => {
      for (const name of ["retry-after", "retry-after-ms"]) {
        const ms = parseRetryAfter([name, value, "date", date], nowMs);
        expect(ms === null || (Number.isFinite(ms) && ms >= 0)).toBe(true);
      }
      const ms = rateLimitResetMs(["x-ratelimit-remaining-tokens", "0", "x-ratelimit-reset-tokens", value], nowMs);
      expect(ms === null || (Number.isFinite(ms) && ms >= 0)).toBe(true);
    }),
  );
});
