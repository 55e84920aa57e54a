// A report over time: all of it, and the greatest few.
import { keepPreviousData, useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import type { UsageReport, UsageRowBody } from "../../../src/api/usage.ts";
import type { Query } from "../../api/client.ts";
import { itemQuery } from "../../api/queries.ts";
import { Card } from "../../components/card.tsx";
import { FilterSelect, useUrlFilters } from "../../components/filters.tsx";
import { Skeleton } from "../../components/notice.tsx";
import { Plot, type Series } from "../../components/plot.tsx";
import { count, usd } from "../../format/figures.ts";
import type { Dimension } from "./usage-page.tsx";
import { nameOfRow } from "./usage-table.tsx";

const metrics = {
  requests: { label: "Requests", read: (row: UsageRowBody) => row.requests, format: count },
  tokens: {
    label: "Tokens",
    read: (row: UsageRowBody) => row.input_tokens + row.cached_input_tokens + row.output_tokens,
    format: count,
  },
  errors: { label: "Errors", read: (row: UsageRowBody) => row.errors, format: count },
  cost: { label: "Cost", read: (row: UsageRowBody) => row.cost_usd ?? 0, format: usd },
} as const;
type Metric = keyof typeof metrics;
const metricOptions = Object.entries(metrics).map(([name, { label }]) => [name === "requests" ? "" : name, label] as const);

/** One colour for each of the greatest; all of them together have the muted one. */
const colors = ["--color-accent", "--color-info", "--color-warn", "--color-bad"] as const;
const dayMs = 86_400_000;

interface UsagePlotProps {
  filters: Query;
  dimension: Dimension;
  /** Of the whole range, the greatest first. */
  rows: readonly UsageRowBody[];
}

export function UsagePlot({ filters, dimension, rows }: UsagePlotProps) {
  const { search: url } = useUrlFilters();
  const metric = metrics[url.metric !== undefined && url.metric in metrics ? (url.metric as Metric) : "requests"];
  const bucket = bucketOf(filters.from, filters.to);
  const greatest = rows.filter((row) => Boolean(row[dimension])).slice(0, colors.length);
  // A row for each bucket of each of thousands would be asked for to show four.
  const narrowed = [{}, ...greatest.map((row) => ({ [dimension]: row[dimension] }))];
  const reports = useQueries({
    queries: narrowed.map((one) => ({
      ...itemQuery<UsageReport>("usage", "/usage", { ...filters, ...one, bucket }),
      placeholderData: keepPreviousData,
    })),
    combine: (results) => ({
      all: results.every(({ data }) => data !== undefined) ? results.map(({ data }) => data as UsageReport) : null,
      error: results.find(({ error }) => error !== null)?.error ?? null,
    }),
  });
  const names = greatest.map((row) => nameOfRow(row, dimension)).join("\0");
  const plotted = useMemo(
    () => (reports.all === null ? null : seriesOf(reports.all, names.split("\0"), bucket, metric.read)),
    [reports.all, names, bucket, metric],
  );
  const label = `${metric.label} per ${bucket}`;
  return (
    <Card title={label} actions={<FilterSelect label="Plot" name="metric" options={metricOptions} />}>
      {plotted === null ? (
        <Skeleton />
      ) : (
        <Plot label={label} times={plotted.times} series={plotted.series} format={metric.format} isDays={bucket === "day"} />
      )}
    </Card>
  );
}

function bucketOf(from: unknown, to: unknown): "hour" | "day" {
  const end = typeof to === "string" ? Date.parse(to) : Date.now();
  return typeof from === "string" && end - Date.parse(from) <= 3 * dayMs ? "hour" : "day";
}

/** The first report is of all, the others of `names`. One name alone is all there is to plot. */
function seriesOf(
  reports: readonly UsageReport[],
  names: readonly string[],
  bucket: "hour" | "day",
  read: (row: UsageRowBody) => number,
): { times: string[]; series: Series[] } {
  const [all, ...each] = reports;
  if (all === undefined) return { times: [], series: [] };
  const times = bucketsOf(all, bucket);
  const valuesOf = ({ data }: UsageReport) => {
    const byTime = new Map(data.map((row) => [row.bucket, read(row)]));
    return times.map((at) => byTime.get(at) ?? 0);
  };
  const series = each.map((report, index) => ({
    label: names[index] ?? "",
    color: colors[index] ?? "--color-muted",
    values: valuesOf(report),
  }));
  const total: Series = { label: "All", color: "--color-line-strong", values: valuesOf(all), isFilled: true };
  return { times, series: series.length === 1 ? series : [total, ...series] };
}

/** All of the range, also those in which nothing happened; written as the API writes times. */
function bucketsOf({ from, to }: UsageReport, bucket: "hour" | "day"): string[] {
  const stepMs = bucket === "hour" ? 3_600_000 : dayMs;
  const times: string[] = [];
  for (let ms = Math.floor(Date.parse(from) / stepMs) * stepMs; ms < Date.parse(to); ms += stepMs) {
    times.push(new Date(ms).toISOString());
  }
  return times;
}
