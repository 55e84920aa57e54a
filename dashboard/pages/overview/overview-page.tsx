// How it goes: requests, errors, tokens and latency over time, and what is wrong now.
import { useQuery } from "@tanstack/react-query";
import type { OverviewBody } from "../../../src/api/overview.ts";
import { itemQuery } from "../../api/queries.ts";
import { LinkButton } from "../../components/button.tsx";
import { Card } from "../../components/card.tsx";
import { EmptyState, ErrorState, Skeleton } from "../../components/notice.tsx";
import { Page } from "../../components/page.tsx";
import { RangeSelect, type TimeRange, useRange } from "../../components/range.tsx";
import { useCan, useReach } from "../../session/session.ts";
import { WhatCostLeavesOut } from "../usage/what-cost-leaves-out.tsx";
import { NearTheirLimits } from "./near-their-limits.tsx";
import { OverviewPlots } from "./overview-plots.tsx";
import { Totals } from "./totals.tsx";
import { Unhealthy } from "./unhealthy.tsx";
import { useSpend } from "./use-spend.ts";

const descriptions = {
  all: "All requests through this Headgate.",
  groups: "Requests of your groups, and your own.",
  own: "Your own requests.",
};

export function OverviewPage() {
  const reach = useReach("usage.read") ?? "own";
  const range = useRange("24h");
  const query = useQuery({
    ...itemQuery<OverviewBody>("usage", "/overview", { ...range }),
    placeholderData: (before: OverviewBody | undefined) => before,
  });
  return (
    <Page title="Overview" description={descriptions[reach]} actions={<RangeSelect />}>
      {query.isPending && <Skeleton lines={10} />}
      {query.isError && query.data === undefined && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && <Overview overview={query.data} range={range} />}
    </Page>
  );
}

function Overview({ overview, range }: { overview: OverviewBody; range: TimeRange }) {
  const spend = useSpend(range);
  return (
    <>
      <Unhealthy unhealthy={overview.unhealthy} />
      <NearTheirLimits />
      <Totals totals={overview.totals} previous={overview.previous} todayUsd={spend.todayUsd} />
      <WhatCostLeavesOut total={spend.total} />
      {overview.totals.requests === 0 ? <NoRequests /> : <OverviewPlots overview={overview} />}
    </>
  );
}

/** What to do first, for whoever may do it. */
function NoRequests() {
  const mayAdd = useCan("endpoints.write");
  const mayPlay = useCan("playground");
  return (
    <Card>
      <EmptyState
        title="No requests in this time"
        action={
          <span className="flex flex-wrap justify-center gap-2">
            {mayAdd && (
              <LinkButton to="/endpoints/new" look="primary">
                Add an endpoint
              </LinkButton>
            )}
            {mayPlay && <LinkButton to="/playground">Try a model</LinkButton>}
            <LinkButton to="/models">See the models</LinkButton>
          </span>
        }
      >
        Figures and plots appear here as soon as somebody calls a model.
      </EmptyState>
    </Card>
  );
}
