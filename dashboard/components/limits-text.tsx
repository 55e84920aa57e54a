// Limits as they are set, in a line.
import type { StoredLimits } from "../../src/domain/limits.ts";
import { count, exactUsd } from "../format/figures.ts";

/** "5/s, 60/min, $25.00 a month", or `none`. */
export function LimitsText({ limits, none = "none" }: { limits: StoredLimits | null; none?: string }) {
  const parts = limits === null ? [] : partsOf(limits);
  return parts.length === 0 ? <span className="text-muted">{none}</span> : <span>{parts.join(", ")}</span>;
}

function partsOf(limits: StoredLimits): string[] {
  const { requests_per_second: second, requests_per_minute: minute, tokens_per_minute: tokens } = limits;
  const { concurrent_requests: atOnce, budget_usd: budget } = limits;
  return [
    minute === undefined ? "" : `${count(minute)}/min`,
    second === undefined ? "" : `${count(second)}/s`,
    tokens === undefined ? "" : `${count(tokens)} tokens/min`,
    atOnce === undefined ? "" : `${count(atOnce)} at once`,
    budget === undefined ? "" : `${exactUsd(budget)} ${periodText(limits.budget_period ?? "month")}`,
  ].filter((part) => part !== "");
}

export function periodText(period: NonNullable<StoredLimits["budget_period"]>): string {
  return period === "total" ? "in all" : `a ${period}`;
}
