// The headers that Headgate adds to every answer about a model.
import type { Call } from "../call.ts";
import { addRateLimitHeaders, isRateLimitHeader } from "./rate-limit-headers.ts";

const headerSafe = /^[\x20-\x7e]*$/;

/** Header values are ASCII; names beyond it are sent percent-encoded. */
function headerValue(text: string): string {
  return headerSafe.test(text) ? text : encodeURIComponent(text);
}

/** A new flat list (name, value, name, value…) to which the answer's own headers are added. */
export function answerHeaders(call: Call): string[] {
  const headers = ["x-request-id", call.id];
  if (call.model !== null) headers.push("x-headgate-model", headerValue(call.model));
  if (call.endpoint !== null) headers.push("x-headgate-endpoint", headerValue(call.endpoint.publicName));
  if (call.attempts > 0) headers.push("x-headgate-attempts", String(call.attempts));
  if (call.capture !== null && call.attempts > 0) headers.push("x-headgate-bodies", "kept");
  if (call.standing !== null) addRateLimitHeaders(headers, call.standing, call.dialect, call.startedAtMs);
  return headers;
}

/** Adds those of an endpoint's answer; of rate limits the caller hears its own, where it has any. */
export function addEndpointHeaders(headers: string[], own: readonly string[], { standing }: Call): void {
  const hasStanding = standing !== null && (standing.requests !== null || standing.tokens !== null);
  for (let i = 0; i < own.length; i += 2) {
    const name = own[i] as string;
    if (hasStanding && isRateLimitHeader(name)) continue;
    headers.push(name, own[i + 1] as string);
  }
}

/** CORS has set `vary` already: an endpoint's own is added to it, not put in its place. */
export function mergeVary(headers: string[], own: number | string | string[] | undefined): void {
  if (own === undefined) return;
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === "vary") headers[i + 1] += `, ${own}`;
}
