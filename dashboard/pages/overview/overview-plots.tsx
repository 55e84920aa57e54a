// The plots of the overview.
import { useMemo } from "react";
import type { OverviewBody } from "../../../src/api/overview.ts";
import { Card } from "../../components/card.tsx";
import { Plot, type Series } from "../../components/plot.tsx";
import { count, duration, usd } from "../../format/figures.ts";

export function OverviewPlots({ overview }: { overview: OverviewBody }) {
  const { times, requests, spend, tokens, durations, firstTokens } = useMemo(() => seriesOf(overview), [overview]);
  const isDays = overview.bucket === "day";
  const per = `per ${overview.bucket}`;
  return (
    <div className="grid grid-cols-1 gap-5 xl:grid-cols-2">
      <Card title={`Requests ${per}`}>
        <Plot label={`Requests and errors ${per}`} times={times} series={requests} format={count} isDays={isDays} />
      </Card>
      <Card title={`Spend ${per}`}>
        <Plot label={`Spend ${per}`} times={times} series={spend} format={usd} isDays={isDays} />
      </Card>
      <Card title={`Tokens ${per}`}>
        <Plot label={`Tokens ${per}`} times={times} series={tokens} format={count} isDays={isDays} />
      </Card>
      <Card title="Duration of requests">
        <Plot label="Duration of requests" times={times} series={durations} format={duration} isDays={isDays} />
      </Card>
      <div className="xl:col-span-2">
        <Card title="Time to first token">
          <Plot label="Time to first token" times={times} series={firstTokens} format={duration} isDays={isDays} />
        </Card>
      </div>
    </div>
  );
}

function seriesOf({ series }: OverviewBody) {
  const accent = "--color-accent";
  const of = (label: string, color: string, value: (row: OverviewBody["series"][number]) => number | null): Series => ({
    label,
    color,
    values: series.map(value),
  });
  const quantiles = (median: "p50_ms" | "ttft_p50_ms", tail: "p95_ms" | "ttft_p95_ms") => [
    of("Median", accent, (row) => row[median]),
    of("95 % are faster", "--color-warn", (row) => row[tail]),
  ];
  return {
    times: series.map(({ bucket }) => bucket),
    requests: [
      { ...of("Requests", accent, (row) => row.requests), isFilled: true },
      of("Errors", "--color-bad", (row) => row.errors),
    ],
    spend: [{ ...of("Spend", "--color-info", (row) => row.cost_usd ?? 0), isFilled: true }],
    tokens: [
      of("Input", accent, (row) => row.input_tokens),
      of("Cached input", "--color-warn", (row) => row.cached_input_tokens),
      of("Output", "--color-info", (row) => row.output_tokens),
    ],
    durations: quantiles("p50_ms", "p95_ms"),
    firstTokens: quantiles("ttft_p50_ms", "ttft_p95_ms"),
  };
}
