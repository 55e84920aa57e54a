// What there is of each limit of somebody, in one shape: how much, how near to its end, when it is there again.
import type { AllowanceBody } from "../../src/api/allowances.ts";
import { count, exactUsd, usd } from "../format/figures.ts";
import { periodText } from "./limits-text.tsx";

export interface Allowed {
  name: string;
  /** E.g. "Requests per minute". */
  label: string;
  /** Used of the limit; 1: used up, and more where a limit was lowered. */
  share: number;
  /** E.g. "12 of 60". */
  amount: string;
  /** What else is to be said of it. */
  details: readonly string[];
  /** When all of it is there again; null: that is no question of time. */
  resetsAt: string | null;
  isBudget: boolean;
}

/** From here on somebody should look at it. */
export const nearShare = 0.8;

const rateLabels = {
  requests_per_second: "Requests per second",
  requests_per_minute: "Requests per minute",
  tokens_per_minute: "Tokens per minute",
} as const;

/** Those that are limited, the budget first. */
export function allowedOf(allowance: AllowanceBody): Allowed[] {
  const { budget, concurrent_requests: atOnce } = allowance;
  const found: Allowed[] = budget === null ? [] : [budgetOf(budget)];
  for (const [name, label] of Object.entries(rateLabels)) {
    const rate = allowance[name as keyof typeof rateLabels];
    if (rate === null) continue;
    found.push({
      name,
      label,
      share: shareOf(rate.used, rate.limit),
      amount: `${count(rate.used)} of ${count(rate.limit)}`,
      details: [],
      resetsAt: rate.used === 0 ? null : rate.resets_at,
      isBudget: false,
    });
  }
  if (atOnce !== null) {
    found.push({
      name: "concurrent_requests",
      label: "Requests at once",
      share: shareOf(atOnce.used, atOnce.limit),
      amount: `${count(atOnce.used)} of ${count(atOnce.limit)}`,
      details: [],
      resetsAt: null,
      isBudget: false,
    });
  }
  return found;
}

/** The one with the least left; null: nothing is limited. */
export function nearestOf(allowance: AllowanceBody): Allowed | null {
  return allowedOf(allowance).reduce<Allowed | null>((most, one) => (most === null || one.share > most.share ? one : most), null);
}

function budgetOf(budget: NonNullable<AllowanceBody["budget"]>): Allowed {
  const { limit_usd: limit, spent_usd: spent, reserved_usd: reserved, remaining_usd: left, period, timezone } = budget;
  const zone = period === "total" ? [] : [timezone];
  return {
    name: "budget",
    label: `Budget ${periodText(period)}`,
    share: budget.share ?? shareOf(spent + reserved, limit),
    amount: `${usd(spent)} of ${exactUsd(limit)}`,
    details: [
      ...(reserved > 0 ? [`${usd(reserved)} set aside for calls under way`] : []),
      left > 0 ? `${usd(left)} left` : "nothing left",
      ...zone,
      ...(budget.unpriced === "allow" ? ["models without a price are not counted"] : []),
    ],
    resetsAt: budget.resets_at,
    isBudget: true,
  };
}

/** A limit of nothing is used up. */
function shareOf(used: number, limit: number): number {
  return limit > 0 ? used / limit : 1;
}
