// A page of manifests, as the URL filters them.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { ManifestBody } from "../../../src/api/manifests.ts";
import { listQuery } from "../../api/queries.ts";
import { type Column, DataTable } from "../../components/data-table.tsx";
import { useUrlFilters } from "../../components/filters.tsx";
import { EmptyState } from "../../components/notice.tsx";
import { EntryCounts, ManifestAge, ManifestOrigin, ManifestStatus } from "./manifest-status.tsx";

const columns: readonly Column<ManifestBody>[] = [
  {
    header: "Name",
    isName: true,
    cell: ({ id, name, origin }) => (
      <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <Link to="/manifests/$id" params={{ id } as never} className="text-accent-strong hover:underline">
          {name}
        </Link>
        <ManifestOrigin origin={origin} />
      </span>
    ),
  },
  { header: "Source", cell: ({ url }) => <span className="font-mono text-xs">{url}</span> },
  { header: "Status", cell: (manifest) => <ManifestStatus manifest={manifest} /> },
  { header: "Last fetched", cell: (manifest) => <ManifestAge manifest={manifest} /> },
  { header: "Entries", cell: ({ entries }) => <EntryCounts entries={entries} /> },
];

export function ManifestsDataTable({ createAction }: { createAction: ReactNode }) {
  const { search: url } = useUrlFilters();
  const filters = { search: url.search, cursor: url.cursor, limit: 50 };
  const query = useQuery(listQuery<ManifestBody>("manifests", "/manifests", filters));
  const empty = url.search ? (
    <EmptyState title={`No manifest matches “${url.search}”`}>Names are searched.</EmptyState>
  ) : (
    <EmptyState title="No manifests" action={createAction}>
      A manifest is a document that lists endpoints and their models, kept by somebody else. Headgate follows it: what it lists is
      called through Headgate, without anything being set up here.
    </EmptyState>
  );
  return <DataTable label="Manifests" columns={columns} query={query} idOf={({ id }) => id} empty={empty} />;
}
