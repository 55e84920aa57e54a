// Files that were asked for: how far they are, to be fetched while they are kept.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { ExportBody } from "../../../src/api/exports.ts";
import { remove } from "../../api/client.ts";
import { listQuery } from "../../api/queries.ts";
import { queryClient } from "../../api/query-client.ts";
import { Button, LinkButton } from "../../components/button.tsx";
import { Card } from "../../components/card.tsx";
import { ConfirmDialog } from "../../components/confirm-dialog.tsx";
import { DataTable } from "../../components/data-table.tsx";
import { useUrlFilters } from "../../components/filters.tsx";
import { EmptyState } from "../../components/notice.tsx";
import { Page } from "../../components/page.tsx";
import { exportColumns, isUnderWay } from "./export-columns.tsx";

/** How often a running export is looked at, ms. */
const pollMs = 1500;

export function ExportsPage() {
  const { search: url } = useUrlFilters();
  const [leaving, setLeaving] = useState<ExportBody | null>(null);
  const query = useQuery({
    ...listQuery<ExportBody>("exports", "/exports", { cursor: url.cursor, limit: 50 }),
    refetchInterval: ({ state }) => (state.data?.data.some(isUnderWay) ? pollMs : false),
  });
  const columns = [
    ...exportColumns,
    {
      header: "Actions",
      isUnnamed: true,
      cell: (row: ExportBody) => (
        <span className="flex justify-end gap-2">
          <Button
            look="quiet"
            aria-label={`${isUnderWay(row) ? "Cancel" : "Delete"} export of ${row.kind}`}
            onClick={() => setLeaving(row)}
          >
            {isUnderWay(row) ? "Cancel" : "Delete"}
          </Button>
        </span>
      ),
    },
  ];
  return (
    <Page
      title="Exports"
      description="Files are made in the background and kept for a day. You can leave this page and come back."
    >
      <Card isFlush>
        <DataTable
          label="Exports"
          columns={columns}
          query={query}
          idOf={({ id }) => id}
          empty={
            <EmptyState title="No exports" action={<LinkButton to="/requests">To the requests</LinkButton>}>
              The pages Requests, Usage and Audit export what they show as CSV or JSON.
            </EmptyState>
          }
        />
      </Card>
      {leaving !== null && (
        <ConfirmDialog
          title={isUnderWay(leaving) ? "Cancel this export?" : "Delete this export?"}
          confirmLabel={isUnderWay(leaving) ? "Cancel export" : "Delete export"}
          onConfirm={async () => {
            await remove(`/exports/${leaving.id}`);
            await queryClient.invalidateQueries({ queryKey: ["exports"] });
          }}
          onClose={() => setLeaving(null)}
        >
          The file goes; the data stays, and can be exported again.
        </ConfirmDialog>
      )}
    </Page>
  );
}
