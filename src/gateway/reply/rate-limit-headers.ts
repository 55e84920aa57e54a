// The caller's dialect's rate-limit headers: what its own limits leave it. An endpoint's are about Headgate's account there.
import type { RateStanding, Standing } from "../../domain/allowance.ts";
import type { CallerDialect } from "../route.ts";

interface Names {
  limit: string;
  remaining: string;
  reset: string;
}

/** Made once: a name that is put together anew for every answer is also hashed anew for every answer. */
const names = {
  openai: { requests: openAiNames("requests"), tokens: openAiNames("tokens") },
  anthropic: { requests: anthropicNames("requests"), tokens: anthropicNames("tokens") },
};

/** Adds name and value pairs to `headers`. `nowMs`: wall clock. */
export function addRateLimitHeaders(headers: string[], standing: Standing, dialect: CallerDialect, nowMs: number): void {
  const { requests, tokens } = standing;
  if (dialect === "anthropic") {
    if (requests !== null) addAnthropic(headers, names.anthropic.requests, requests, nowMs);
    if (tokens !== null) addAnthropic(headers, names.anthropic.tokens, tokens, nowMs);
    return;
  }
  if (requests !== null) addOpenAi(headers, names.openai.requests, requests);
  if (tokens !== null) addOpenAi(headers, names.openai.tokens, tokens);
}

/** Whether an endpoint's header of this (lower-case) name would contradict them. */
export function isRateLimitHeader(name: string): boolean {
  return name.startsWith("x-ratelimit-") || name.startsWith("anthropic-ratelimit-");
}

function openAiNames(kind: string): Names {
  return { limit: `x-ratelimit-limit-${kind}`, remaining: `x-ratelimit-remaining-${kind}`, reset: `x-ratelimit-reset-${kind}` };
}

function anthropicNames(kind: string): Names {
  const start = `anthropic-ratelimit-${kind}`;
  return { limit: `${start}-limit`, remaining: `${start}-remaining`, reset: `${start}-reset` };
}

function addOpenAi(headers: string[], of: Names, { limit, remaining, resetMs }: RateStanding): void {
  headers.push(of.limit, String(limit), of.remaining, String(remaining), of.reset, openAiDuration(resetMs));
}

function addAnthropic(headers: string[], of: Names, { limit, remaining, resetMs }: RateStanding, nowMs: number): void {
  headers.push(of.limit, String(limit), of.remaining, String(remaining), of.reset, new Date(nowMs + resetMs).toISOString());
}

/** As OpenAI writes them: `12ms`, `1.5s`, `6m0s`. */
function openAiDuration(ms: number): string {
  const whole = Math.max(0, Math.ceil(ms));
  if (whole < 1000) return `${whole}ms`;
  const minutes = Math.floor(whole / 60_000);
  const seconds = (whole % 60_000) / 1000;
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds}s`;
}
