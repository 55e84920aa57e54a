// What one holder of limits has used, of all processes, for people.
import type { Limits } from "../../../domain/limits.ts";
import type { AllowanceView, BudgetView, WindowView } from "../allowance-views.ts";
import { accountName } from "../spend-reader.ts";
import type { BudgetLease } from "./budget-lease.ts";
import type { ConcurrencyLease } from "./concurrency-lease.ts";
import type { BudgetGrant, ConcurrencyGrant, LeaseGrant, WindowGrant } from "./lease-authority.ts";
import type { SubjectLeases } from "./subject-leases.ts";
import type { WindowLease } from "./window-lease.ts";

export interface Looked {
  leases: (WindowLease | ConcurrencyLease | BudgetLease)[];
  budget: BudgetLease | null;
  /** `grants`: what the authority said of `leases`, null where it is away; `ledger`: of accounts that it does not know. */
  view(grants: readonly (LeaseGrant | null)[], ledger: ReadonlyMap<string, number> | null): AllowanceView;
}

export function lookAt(of: SubjectLeases, limits: Limits, nowMs: number): Looked {
  const second = limits.requestsPerSecond === null ? null : of.second(limits.requestsPerSecond);
  const minute = limits.requestsPerMinute === null ? null : of.minute(limits.requestsPerMinute);
  const tokens = limits.tokensPerMinute === null ? null : of.tokens(limits.tokensPerMinute);
  const concurrency = limits.concurrentRequests === null ? null : of.concurrency(limits.concurrentRequests);
  const budget = limits.budget === null ? null : of.budget(limits.budget, nowMs);
  const leases = [second, minute, tokens, concurrency, budget].filter((lease) => lease !== null);
  return {
    leases,
    budget,
    view(grants, ledger) {
      const grantOf = (lease: (typeof leases)[number]) => grants[leases.indexOf(lease)] ?? null;
      return {
        requestsPerSecond: second && windowView(second, grantOf(second), nowMs),
        requestsPerMinute: minute && windowView(minute, grantOf(minute), nowMs),
        tokensPerMinute: tokens && windowView(tokens, grantOf(tokens), nowMs),
        concurrentRequests: concurrency && ((grantOf(concurrency) as ConcurrencyGrant | null)?.total ?? concurrency.usedByAll),
        budget: budget && budgetView(budget, grantOf(budget) as BudgetGrant | null, ledger),
      };
    },
  };
}

function windowView(lease: WindowLease, grant: LeaseGrant | null, nowMs: number): WindowView {
  if (grant !== null) {
    const { total, emptyInMs } = grant as WindowGrant;
    return { used: total, emptyAtMs: total === 0 ? 0 : nowMs + emptyInMs };
  }
  const { limit, remaining } = lease.standing();
  return { used: limit - remaining, emptyAtMs: nowMs + lease.emptyInMs() };
}

function budgetView(lease: BudgetLease, grant: BudgetGrant | null, ledger: ReadonlyMap<string, number> | null): BudgetView {
  const { period, subject } = lease;
  if (grant?.isKnown === true) return { spentNanoUsd: grant.spent, reservedNanoUsd: grant.held, ...period };
  const spentNanoUsd = ledger?.get(accountName(subject, period.startMs)) ?? lease.spentByAll;
  return { spentNanoUsd, reservedNanoUsd: lease.heldByAll, ...period };
}
