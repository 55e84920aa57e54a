// A page of endpoints, as the URL filters them.
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { EndpointBody } from "../../../src/api/endpoints.ts";
import { listQuery } from "../../api/queries.ts";
import { DataTable } from "../../components/data-table.tsx";
import { useUrlFilters } from "../../components/filters.tsx";
import { EmptyState } from "../../components/notice.tsx";
import { endpointColumns } from "./endpoint-columns.tsx";

export function EndpointsDataTable({ createAction }: { createAction: ReactNode }) {
  const { search: url } = useUrlFilters();
  const filters = { search: url.search, cursor: url.cursor, limit: 50 };
  const query = useQuery(listQuery<EndpointBody>("endpoints", "/endpoints", filters));
  const empty = url.search ? (
    <EmptyState title={`No endpoint matches “${url.search}”`}>Names are searched.</EmptyState>
  ) : (
    <EmptyState title="No endpoints yet" action={createAction}>
      An endpoint is a provider such as OpenAI, or a server of your own such as vLLM. Its models are what people call through
      Headgate.
    </EmptyState>
  );
  return <DataTable label="Endpoints" columns={endpointColumns} query={query} idOf={({ id }) => id} empty={empty} />;
}
