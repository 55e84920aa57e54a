// What a caller is told who has no allowance left.
import { HeadgateError } from "../../core/errors.ts";
import type { Demand, RateLimitName, Refusal } from "../../domain/allowance.ts";
import type { Limits } from "../../domain/limits.ts";
import type { Call } from "../call.ts";

export function refusalError(refusal: Refusal, call: Call, demand: Demand, nowMs: number): HeadgateError {
  const owner = ownerOf(refusal.charge.subject, call);
  if (refusal.kind === "unpriced") {
    return new HeadgateError("unpriced_model", {
      message:
        call.model === null
          ? `${owner} has a budget in dollars, and what a call without a model costs is not known.`
          : `The model '${call.model}' has no price, and ${owner.toLowerCase()} has a budget in dollars. An administrator can set one (0 is a price), or let the budget allow models without.`,
    });
  }
  if (refusal.kind === "budget") return budgetError(refusal, owner, demand, nowMs);
  const { charge, limit, retryAfterMs } = refusal;
  const retryAfterSeconds = retryAfterMs === null ? undefined : Math.max(1, Math.ceil(retryAfterMs / 1000));
  const most = limitOf(charge.limits, limit);
  if (limit === "concurrent_requests") {
    return new HeadgateError("concurrency_limit_exceeded", {
      message: `${owner} is limited to ${most} requests at once. Retry when one of them has ended.`,
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    });
  }
  const held = `${owner} is limited to ${words(limit, most)}.`;
  if (retryAfterSeconds === undefined) {
    return new HeadgateError("rate_limit_exceeded", {
      message: `${held} This request may use up to ${demand.tokens}, its maximum of output included, and can never be admitted: lower that, or send less.`,
      neverRetry: true,
    });
  }
  return new HeadgateError("rate_limit_exceeded", {
    message: `${held} Retry after the time in retry-after.`,
    retryAfterSeconds,
  });
}

function budgetError(refusal: Refusal & { kind: "budget" }, owner: string, demand: Demand, nowMs: number): HeadgateError {
  const { charge, spentNanoUsd, reservedNanoUsd, resetsAtMs } = refusal;
  const { budget } = charge.limits;
  if (budget === null) throw new Error("a budget that is none refused a call");
  const reserved = reservedNanoUsd === 0 ? "" : `, and ${usd(reservedNanoUsd)} is set aside for requests under way`;
  const left = budget.limitNanoUsd - spentNanoUsd - reservedNanoUsd;
  const wants =
    left > 0 && demand.costNanoUsd !== null
      ? ` This request may cost up to ${usd(demand.costNanoUsd)}: a lower maximum of output may still fit.`
      : "";
  const period = budget.period === "total" ? "in all" : `a ${budget.period}`;
  const resets =
    resetsAtMs === null
      ? "It does not begin anew by itself."
      : `It begins anew at ${new Date(resetsAtMs).toISOString().replace(".000Z", "Z")}, in ${inWords(resetsAtMs - nowMs)}.`;
  return new HeadgateError("insufficient_quota", {
    message: `${owner} has a budget of ${usd(budget.limitNanoUsd)} ${period}: ${usd(spentNanoUsd)} is spent${reserved}.${wants} ${resets}`,
    neverRetry: true,
  });
}

/** In words that tell a caller nothing new. */
function ownerOf(subject: string, call: Call): string {
  if (subject.startsWith("key:")) return "This key";
  if (subject.startsWith("user:")) return "This user";
  if (subject.startsWith("model:")) return `The model '${call.model}'`;
  return "A group of this caller";
}

function limitOf(limits: Limits, limit: RateLimitName): number | null {
  if (limit === "requests_per_second") return limits.requestsPerSecond;
  if (limit === "requests_per_minute") return limits.requestsPerMinute;
  return limit === "tokens_per_minute" ? limits.tokensPerMinute : limits.concurrentRequests;
}

function words(limit: RateLimitName, most: number | null): string {
  if (limit === "requests_per_second") return `${most} requests a second`;
  return limit === "requests_per_minute" ? `${most} requests a minute` : `${most} tokens a minute`;
}

/** Cents, and below them as much as it takes to show something. */
function usd(nanoUsd: number): string {
  const dollars = nanoUsd / 1e9;
  if (dollars === 0 || Math.abs(dollars) >= 0.01) return `$${dollars.toFixed(2)}`;
  return `$${dollars.toFixed(9).replace(/0+$/, "")}`;
}

function inWords(ms: number): string {
  const minutes = Math.max(1, Math.ceil(ms / 60_000));
  if (minutes < 120) return `${minutes} minutes`;
  const hours = Math.ceil(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.ceil(hours / 24)} days`;
}
