// The figures of a period beside those of the period before.
import type { ReactNode } from "react";
import type { OverviewFigures } from "../../../src/api/overview.ts";
import { Figure } from "../../components/card.tsx";
import { count, duration, percent, usd } from "../../format/figures.ts";

interface TotalsProps {
  totals: OverviewFigures;
  previous: OverviewFigures;
  /** Spent since midnight; undefined: not known yet. */
  todayUsd: number | null | undefined;
}

export function Totals({ totals, previous, todayUsd }: TotalsProps) {
  const tokens = (of: OverviewFigures) => of.input_tokens + of.cached_input_tokens + of.output_tokens;
  return (
    <div className="grid grid-cols-2 gap-3 md:grid-cols-3 xl:grid-cols-6">
      <Figure
        label="Requests"
        value={count(totals.requests)}
        detail={<Change now={totals.requests} before={previous.requests} />}
      />
      <Figure
        label="Errors"
        value={totals.requests === 0 ? "–" : percent(totals.errors / totals.requests)}
        detail={`${count(totals.errors)} of ${count(totals.requests)}`}
      />
      <Figure
        label="Tokens"
        value={count(tokens(totals))}
        detail={<Estimated totals={totals} fallback={<Change now={tokens(totals)} before={tokens(previous)} />} />}
      />
      <Figure
        label="Cost"
        value={usd(totals.cost_usd)}
        detail={todayUsd === undefined || todayUsd === null ? nothingPriced(totals) : `${usd(todayUsd)} since midnight`}
      />
      <Figure label="Duration, median" value={duration(totals.p50_ms)} detail={`95 % under ${duration(totals.p95_ms)}`} />
      <Figure
        label="First token, median"
        value={duration(totals.ttft_p50_ms)}
        detail={`95 % under ${duration(totals.ttft_p95_ms)}`}
      />
    </div>
  );
}

function nothingPriced(totals: OverviewFigures): string {
  return totals.cost_usd === null && totals.requests > 0 ? "nothing has a price" : "all attempts";
}

function Change({ now, before }: { now: number; before: number }) {
  if (before === 0) return <>none in the time before</>;
  const part = (now - before) / before;
  if (Math.abs(part) < 0.005) return <>as in the time before</>;
  if (part >= 9) return <>{count(Math.round(now / before))} times the time before</>;
  return (
    <>
      {part > 0 ? "+" : "−"}
      {percent(Math.abs(part))} to the time before
    </>
  );
}

/** Estimates are never passed off as measurements. */
function Estimated({ totals, fallback }: { totals: OverviewFigures; fallback: ReactNode }) {
  if (totals.estimated_requests === 0 || totals.requests === 0) return fallback;
  return <>{percent(totals.estimated_requests / totals.requests)} of requests estimated</>;
}
