// Who changed what, from where, before and after.
import { useQuery } from "@tanstack/react-query";
import type { AuditEntryBody } from "../../../src/api/audit.ts";
import { listQuery } from "../../api/queries.ts";
import { Card } from "../../components/card.tsx";
import { DataTable } from "../../components/data-table.tsx";
import { ExportMenu } from "../../components/export-menu.tsx";
import { FilterSelect, Filters, SearchBox, useUrlFilters } from "../../components/filters.tsx";
import { EmptyState } from "../../components/notice.tsx";
import { Page } from "../../components/page.tsx";
import { RangeSelect, useRange } from "../../components/range.tsx";
import { auditColumns } from "./audit-columns.tsx";

const kinds = ["endpoint", "model", "key", "user", "group", "manifest", "session", "export", "request"] as const;
const kindOptions = [
  ["", "All changes"],
  ...kinds.map((kind) => [kind, `${kind[0]?.toUpperCase()}${kind.slice(1)}s`] as const),
] as const;

export function AuditPage() {
  const { search: url } = useUrlFilters();
  const range = useRange("all");
  const filters = { action: url.action, actor_id: url.actor_id, resource_id: url.resource_id, ...range };
  const query = useQuery(listQuery<AuditEntryBody>("audit", "/audit", { ...filters, cursor: url.cursor, limit: 50 }));
  const isFiltered = Object.values(filters).some((value) => value !== undefined);
  const empty = isFiltered ? (
    <EmptyState title="No change matches these filters" />
  ) : (
    <EmptyState title="Nothing has been changed yet">Every change that anybody makes is written here, for good.</EmptyState>
  );
  return (
    <Page
      title="Audit"
      description="Every change: by whom, from where, before and after. Secrets are never in it."
      actions={<ExportMenu kind="audit" query={filters} />}
    >
      <Card isFlush>
        <Filters>
          <FilterSelect label="Kind" name="action" options={kindOptions} />
          <RangeSelect byDefault="all" />
          <SearchBox label="Id of who did it" name="actor_id" />
          <SearchBox label="Id of what was changed" name="resource_id" />
        </Filters>
        <DataTable label="Changes" columns={auditColumns} query={query} idOf={({ id }) => id} empty={empty} />
      </Card>
    </Page>
  );
}
