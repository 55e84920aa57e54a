// The models that one may use, for those whose role shows nothing behind them.
import { useQuery } from "@tanstack/react-query";
import type { CatalogueModelBody } from "../../../src/api/models.ts";
import { listQuery } from "../../api/queries.ts";
import { StatusBadge } from "../../components/badge.tsx";
import { LinkButton } from "../../components/button.tsx";
import { type Column, DataTable } from "../../components/data-table.tsx";
import { useUrlFilters } from "../../components/filters.tsx";
import { LimitsCell } from "../../components/limits-cell.tsx";
import { EmptyState } from "../../components/notice.tsx";
import { ModelLink } from "./model-columns.tsx";
import { NothingFound } from "./models-data-table.tsx";

const columns: readonly Column<CatalogueModelBody>[] = [
  { header: "Name", isName: true, cell: (model) => <ModelLink model={model} /> },
  {
    header: "Status",
    cell: ({ status }) => (
      <StatusBadge status={status} title={status === "offline" ? "No endpoint serves it now" : "It can be called"} />
    ),
  },
  { header: "Limits of all callers", cell: ({ id, limits }) => <LimitsCell kind="model" id={id} limits={limits} /> },
  {
    header: "Actions",
    isUnnamed: true,
    isNumber: true,
    cell: ({ id, name }) => (
      <LinkButton to="/models/$id" params={{ id } as never} aria-label={`Use ${name}`}>
        Use it
      </LinkButton>
    ),
  },
];

export function CatalogueDataTable() {
  const { search: url } = useUrlFilters();
  const { search, status, cursor } = url;
  const query = useQuery(listQuery<CatalogueModelBody>("models", "/models", { search, status, cursor, limit: 50 }));
  const empty =
    search === undefined && status === undefined ? (
      <EmptyState title="There is no model that you may use">
        A group that you are in must be granted models. An administrator can do that, or add you to such a group.
      </EmptyState>
    ) : (
      <NothingFound search={search} />
    );
  return <DataTable label="Models" columns={columns} query={query} idOf={({ id }) => id} empty={empty} />;
}
