// What was spent today, and what the sum of a range leaves out.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { UsageReport, UsageRowBody } from "../../../src/api/usage.ts";
import { itemQuery } from "../../api/queries.ts";
import type { TimeRange } from "../../components/range.tsx";

export interface Spend {
  /** Since midnight where the browser is, to the hour of UTC in which that was; null: nothing has a price. */
  todayUsd: number | null | undefined;
  total: UsageRowBody | undefined;
}

export function useSpend(range: TimeRange): Spend {
  const midnight = new Date();
  midnight.setHours(0, 0, 0, 0);
  const today = useQuery(itemQuery<UsageReport>("usage", "/usage", { from: midnight.toISOString() }));
  const total = useQuery({ ...itemQuery<UsageReport>("usage", "/usage", { ...range }), placeholderData: keepPreviousData });
  return { todayUsd: today.data && (today.data.data[0]?.cost_usd ?? null), total: total.data?.data[0] };
}
