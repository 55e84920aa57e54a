// Who used what, over any range: a plot, a table, and a file.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { UsageReport } from "../../../src/api/usage.ts";
import { itemQuery } from "../../api/queries.ts";
import { ActiveFilters } from "../../components/active-filters.tsx";
import { Card } from "../../components/card.tsx";
import { ExportMenu } from "../../components/export-menu.tsx";
import { FilterSelect, useUrlFilters } from "../../components/filters.tsx";
import { EmptyState, ErrorState, Skeleton } from "../../components/notice.tsx";
import { Page } from "../../components/page.tsx";
import { RangeSelect, useRange } from "../../components/range.tsx";
import { useCan } from "../../session/session.ts";
import { UsageFigures } from "./usage-figures.tsx";
import { UsagePlot } from "./usage-plot.tsx";
import { UsageTable } from "./usage-table.tsx";
import { WhatCostLeavesOut } from "./what-cost-leaves-out.tsx";

const dimensions = [
  ["", "By model"],
  ["endpoint", "By endpoint"],
  ["key", "By key"],
  ["user", "By user"],
  ["group", "By group"],
] as const;
export type Dimension = "model" | "endpoint" | "key" | "user" | "group";
/** More than these are in the export. */
const rowsMax = 500;
const filterNames = ["model", "endpoint", "key", "user", "group"] as const;

export function UsagePage() {
  const { search: url } = useUrlFilters();
  const range = useRange("7d");
  const seesEndpoints = useCan("endpoints.read");
  const dimension = (url.by ?? "model") as Dimension;
  const filters = { ...range, ...Object.fromEntries(filterNames.map((name) => [name, url[name]])) };
  const total = useQuery({ ...itemQuery<UsageReport>("usage", "/usage", filters), placeholderData: keepPreviousData });
  const report = useQuery({
    ...itemQuery<UsageReport>("usage", "/usage", { ...filters, group_by: dimension, limit: rowsMax }),
    placeholderData: keepPreviousData,
  });
  const shown = dimensions.filter(([name]) => seesEndpoints || name !== "endpoint");
  return (
    <Page
      title="Usage"
      description="Requests, tokens and cost. What was not measured is estimated, and said to be."
      actions={
        <>
          <FilterSelect label="Group by" name="by" options={shown} />
          <RangeSelect byDefault="7d" />
          <ExportMenu kind="usage" query={{ ...filters, group_by: dimension, bucket: "day" }} />
        </>
      }
    >
      <ActiveFilters names={filterNames} />
      {report.isPending && <Skeleton lines={8} />}
      {report.isError && report.data === undefined && <ErrorState error={report.error} onRetry={() => void report.refetch()} />}
      {report.data?.data.length === 0 && (
        <Card>
          <EmptyState title="No usage in this time">Choose a longer range, or take filters away.</EmptyState>
        </Card>
      )}
      {report.data && report.data.data.length > 0 && total.data?.data[0] && (
        <>
          <UsageFigures total={total.data.data[0]} />
          <WhatCostLeavesOut total={total.data.data[0]} />
          <UsagePlot filters={filters} dimension={dimension} rows={report.data.data} />
          <UsageTable
            rows={report.data.data}
            total={total.data.data[0]}
            dimension={dimension}
            isCut={report.data.data.length === rowsMax}
          />
        </>
      )}
    </Page>
  );
}
