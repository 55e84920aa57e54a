// The newest requests, live, and those that one looks for.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { RequestBody } from "../../../src/api/requests.ts";
import { listQuery } from "../../api/queries.ts";
import { ActiveFilters } from "../../components/active-filters.tsx";
import { Card } from "../../components/card.tsx";
import { DataTable } from "../../components/data-table.tsx";
import { ExportMenu } from "../../components/export-menu.tsx";
import { FilterSelect, Filters, SearchBox, useUrlFilters } from "../../components/filters.tsx";
import { EmptyState } from "../../components/notice.tsx";
import { Page } from "../../components/page.tsx";
import { RangeSelect, useRange } from "../../components/range.tsx";
import { useCan, useReach } from "../../session/session.ts";
import { LiveSwitch } from "./live-switch.tsx";
import { requestColumns } from "./request-columns.tsx";

/** How often the newest are asked for while the tail is live, ms. */
const tailMs = 2000;
const narrowings = ["endpoint", "key", "user", "group"] as const;
const outcomes = [
  ["", "All outcomes"],
  ["ok", "Succeeded"],
  ["error", "Failed"],
] as const;

export function RequestsPage() {
  const { search: url } = useUrlFilters();
  const reach = useReach("requests.read");
  const seesEndpoints = useCan("endpoints.read");
  const range = useRange("all");
  const isTail = url.cursor === undefined && url.to === undefined;
  const isLive = isTail && url.live !== "off";
  const narrowed = Object.fromEntries(narrowings.map((name) => [name, url[name]]));
  const filters = { search: url.search, model: url.model, status: url.status, ...narrowed, ...range };
  const query = useQuery({
    ...listQuery<RequestBody>("requests", "/requests", { ...filters, cursor: url.cursor, limit: 50 }),
    // A page further back does not move under the reader.
    refetchInterval: isLive ? tailMs : false,
    staleTime: isLive ? 0 : Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
  });
  const isFiltered = Object.values(filters).some((value) => value !== undefined);
  const empty = isFiltered ? (
    <EmptyState title="No request matches these filters">
      A request is found by its whole id, the `x-request-id` of its answer.
    </EmptyState>
  ) : (
    <EmptyState title="No requests yet">
      They appear here within a second of their end, with every attempt that was made.
    </EmptyState>
  );
  return (
    <Page
      title="Requests"
      description={
        reach === "own" ? "Your requests, newest first." : "Every request, newest first, with every attempt that was made for it."
      }
      actions={
        <>
          {isTail && <LiveSwitch isLive={isLive} />}
          <ExportMenu kind="requests" query={filters} />
        </>
      }
    >
      <Card isFlush>
        <Filters>
          <SearchBox label="Request id" />
          <SearchBox label="Model" name="model" />
          <FilterSelect label="Outcome" name="status" options={outcomes} />
          <RangeSelect byDefault="all" />
        </Filters>
        <div className="px-3 pt-3 empty:hidden">
          <ActiveFilters names={narrowings} />
        </div>
        <DataTable
          label="Requests"
          columns={requestColumns({ seesEndpoints, seesOthers: reach !== "own" })}
          query={query}
          idOf={({ id }) => id}
          empty={empty}
        />
      </Card>
    </Page>
  );
}
