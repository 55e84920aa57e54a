// What a holder of limits has used and has left, as the admin API shows it.
import type { AllowanceBody, HolderKind } from "../../../api/allowances.ts";
import type { ExplanationBody } from "../../../api/explain.ts";
import { formatTime } from "../../../api/time.ts";
import type { Budget, Limits } from "../../../domain/limits.ts";
import type { AllowanceView, BudgetView, WindowView } from "../../allowances/allowance-views.ts";
import { presentLimits } from "../limits-column.ts";

export interface Holder {
  kind: HolderKind;
  id: string;
  name: string;
  /** As stored; null: none. */
  column: string | null;
}

export function presentAllowance({ kind, id, name, column }: Holder, limits: Limits, view: AllowanceView): AllowanceBody {
  return {
    kind,
    id,
    name,
    limits: presentLimits(column),
    used_share: usedShare(limits, view),
    requests_per_second: presentRate(limits.requestsPerSecond, view.requestsPerSecond),
    requests_per_minute: presentRate(limits.requestsPerMinute, view.requestsPerMinute),
    tokens_per_minute: presentRate(limits.tokensPerMinute, view.tokensPerMinute),
    concurrent_requests:
      limits.concurrentRequests === null ? null : { limit: limits.concurrentRequests, used: view.concurrentRequests ?? 0 },
    budget: limits.budget === null || view.budget === null ? null : presentBudget(limits.budget, view.budget),
  };
}

/** Of each limit that is set. */
export function presentLeft(limits: Limits, view: AllowanceView): ExplanationBody["limits"][number]["left"] {
  const whole = presentAllowance({ kind: "key", id: "", name: "", column: null }, limits, view);
  const {
    requests_per_second: second,
    requests_per_minute: minute,
    tokens_per_minute: tokens,
    concurrent_requests: calls,
  } = whole;
  return {
    ...(second === null ? {} : { requests_per_second: second.remaining }),
    ...(minute === null ? {} : { requests_per_minute: minute.remaining }),
    ...(tokens === null ? {} : { tokens_per_minute: tokens.remaining }),
    ...(calls === null ? {} : { concurrent_requests: Math.max(0, calls.limit - calls.used) }),
    ...(whole.budget === null ? {} : { budget_usd: whole.budget.remaining_usd }),
  };
}

/** Of the limit of which most is used. */
export function usedShare(limits: Limits, view: AllowanceView): number {
  const shares = [
    shareOf(view.requestsPerSecond?.used, limits.requestsPerSecond),
    shareOf(view.requestsPerMinute?.used, limits.requestsPerMinute),
    shareOf(view.tokensPerMinute?.used, limits.tokensPerMinute),
    shareOf(view.concurrentRequests, limits.concurrentRequests),
    budgetShare(limits.budget, view.budget),
  ];
  return Math.max(...shares);
}

function shareOf(used: number | null | undefined, limit: number | null): number {
  return limit === null ? 0 : (used ?? 0) / limit;
}

function budgetShare(budget: Budget | null, view: BudgetView | null): number {
  if (budget === null || view === null) return 0;
  return budget.limitNanoUsd === 0 ? 1 : (view.spentNanoUsd + view.reservedNanoUsd) / budget.limitNanoUsd;
}

function presentRate(limit: number | null, view: WindowView | null): AllowanceBody["requests_per_second"] {
  if (limit === null || view === null) return null;
  return { limit, used: view.used, remaining: Math.max(0, limit - view.used), resets_at: formatTime(view.emptyAtMs) };
}

function presentBudget(budget: Budget, view: BudgetView): AllowanceBody["budget"] {
  const { spentNanoUsd, reservedNanoUsd, startMs, endMs } = view;
  return {
    limit_usd: budget.limitNanoUsd / 1e9,
    spent_usd: spentNanoUsd / 1e9,
    reserved_usd: reservedNanoUsd / 1e9,
    remaining_usd: Math.max(0, budget.limitNanoUsd - spentNanoUsd - reservedNanoUsd) / 1e9,
    period: budget.period,
    timezone: budget.timeZone,
    unpriced: budget.unpriced,
    started_at: budget.period === "total" ? null : formatTime(startMs),
    resets_at: endMs === null ? null : formatTime(endMs),
    share: budgetShare(budget, view),
  };
}
