// A page of keys, as the URL filters them.
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { KeyBody } from "../../../src/api/keys.ts";
import { listQuery } from "../../api/queries.ts";
import { DataTable } from "../../components/data-table.tsx";
import { useUrlFilters } from "../../components/filters.tsx";
import { EmptyState } from "../../components/notice.tsx";
import { keyColumns } from "./key-columns.tsx";

/** `of`: only those of one user or group, e.g. on their page. */
export function KeysDataTable({ of = {}, createAction }: { of?: { user?: string; group?: string }; createAction?: ReactNode }) {
  const { search: url } = useUrlFilters();
  const filters = { search: url.search, user: url.user, group: url.group, ...of };
  const query = useQuery(listQuery<KeyBody>("keys", "/keys", { ...filters, cursor: url.cursor, limit: 50 }));
  const empty = url.search ? (
    <EmptyState title={`No key matches “${url.search}”`}>Names and prefixes are searched.</EmptyState>
  ) : url.user || url.group ? (
    <EmptyState title="No key matches these filters" />
  ) : (
    <EmptyState title="No keys yet" action={createAction}>
      A key lets a program call models through Headgate. It is shown once, when it is made.
    </EmptyState>
  );
  return <DataTable label="Keys" columns={keyColumns} query={query} idOf={({ id }) => id} empty={empty} />;
}
