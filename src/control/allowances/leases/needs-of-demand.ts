// What a call needs of which leases, and the refusals that nobody has to be asked about.
import { type Charge, type Demand, noStanding, type Refusal } from "../../../domain/allowance.ts";
import type { Need } from "./lease.ts";
import type { SubjectLeases } from "./subject-leases.ts";

export function needsOf(demand: Demand, nowMs: number, leasesOf: (subject: string) => SubjectLeases): Need[] | Refusal {
  const needs: Need[] = [];
  const { tokens, costNanoUsd, isGuess } = demand;
  let never: Charge | null = null;
  for (const [index, charge] of demand.charges.entries()) {
    const { subject, limits } = charge;
    // One that names a holder twice takes once.
    if (demand.charges.findIndex((other) => other.subject === subject) !== index) continue;
    const leases = leasesOf(subject);
    const { requestsPerSecond, requestsPerMinute, tokensPerMinute, concurrentRequests, budget } = limits;
    const add = (lease: Need["lease"], limit: Need["limit"], amount: number, guess: boolean) =>
      needs.push({ lease, charge, limit, amount: Math.max(0, Math.ceil(amount)), isGuess: guess });
    if (requestsPerSecond !== null) add(leases.second(requestsPerSecond), "requests_per_second", 1, false);
    if (requestsPerMinute !== null) add(leases.minute(requestsPerMinute), "requests_per_minute", 1, false);
    if (tokensPerMinute !== null) {
      if (!isGuess && tokens > tokensPerMinute) never = charge;
      add(leases.tokens(tokensPerMinute), "tokens_per_minute", tokens, isGuess);
    }
    if (concurrentRequests !== null) add(leases.concurrency(concurrentRequests), "concurrent_requests", 1, false);
    // Of several groups, the budget of the one that pays alone counts.
    if (budget === null || (subject.startsWith("group:") && subject !== demand.payer)) continue;
    if (costNanoUsd === null && budget.unpriced === "deny") return { kind: "unpriced", charge, standing: noStanding };
    add(leases.budget(budget, nowMs), "budget", costNanoUsd ?? 0, isGuess);
  }
  if (never === null) return needs;
  return { kind: "rate", charge: never, limit: "tokens_per_minute", retryAfterMs: null, standing: noStanding };
}
