// A page of the models with what stands behind them, as the URL filters them.
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { ModelBody } from "../../../src/api/models.ts";
import { listQuery } from "../../api/queries.ts";
import { LinkButton } from "../../components/button.tsx";
import { DataTable } from "../../components/data-table.tsx";
import { useUrlFilters } from "../../components/filters.tsx";
import { EmptyState } from "../../components/notice.tsx";
import { useCan } from "../../session/session.ts";
import { modelColumns } from "./model-columns.tsx";

export function ModelsDataTable() {
  const { search: url } = useUrlFilters();
  const { search, endpoint, status, kind, cursor } = url;
  const query = useQuery(listQuery<ModelBody>("models", "/models", { search, endpoint, status, kind, cursor, limit: 50 }));
  const isNarrowed = [search, endpoint, status, kind].some((value) => value !== undefined);
  return (
    <DataTable
      label="Models"
      columns={modelColumns}
      query={query}
      idOf={({ id }) => id}
      empty={isNarrowed ? <NothingFound search={search} /> : <NoModels />}
    />
  );
}

export function NothingFound({ search }: { search: string | undefined }) {
  return (
    <EmptyState title={search === undefined ? "No model is like that" : `No model matches “${search}”`}>
      Names that callers use are searched. Take a filter away to see more.
    </EmptyState>
  );
}

function NoModels() {
  const action: ReactNode = useCan("endpoints.write") && (
    <LinkButton look="primary" to="/endpoints/new">
      Add endpoint
    </LinkButton>
  );
  return (
    <EmptyState title="No models yet" action={action}>
      Models come from endpoints: add one, and what it lists appears here.
    </EmptyState>
  );
}
