// The synchronizations of an endpoint, newest first, each with what became of its models.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { SyncRunBody } from "../../../src/api/sync-runs.ts";
import { listQuery } from "../../api/queries.ts";
import { StatusBadge } from "../../components/badge.tsx";
import { Button } from "../../components/button.tsx";
import { Card } from "../../components/card.tsx";
import { type Column, DataTable } from "../../components/data-table.tsx";
import { Dialog } from "../../components/dialog.tsx";
import { useUrlFilters } from "../../components/filters.tsx";
import { EmptyState } from "../../components/notice.tsx";
import { exactTime, Time } from "../../components/time.tsx";
import { duration } from "../../format/figures.ts";
import { RunReport } from "./sync-dialogs.tsx";

const triggers: Readonly<Record<string, string>> = {
  create: "endpoint added",
  update: "endpoint changed",
  manual: "by hand",
  schedule: "schedule",
  seed: "first start",
  restore: "endpoint restored",
};

export function SyncRunsTab({ endpointId }: { endpointId: string }) {
  const { search: url } = useUrlFilters();
  const [shown, setShown] = useState<SyncRunBody | null>(null);
  const query = useQuery(
    listQuery<SyncRunBody>("endpoints", `/endpoints/${endpointId}/sync-runs`, { cursor: url.cursor, limit: 25 }),
  );
  const columns: readonly Column<SyncRunBody>[] = [
    { header: "When", isName: true, cell: ({ started_at: at }) => <Time at={at} /> },
    { header: "Why", cell: ({ trigger }) => triggers[trigger] ?? trigger },
    {
      header: "Result",
      cell: ({ status, stage, error }) => (
        <span className="flex min-w-0 flex-col items-start gap-0.5 max-md:items-end">
          <StatusBadge status={status} />
          {status === "failed" && (
            <span className="text-xs text-muted">
              at {stage}: {error}
            </span>
          )}
        </span>
      ),
    },
    { header: "Models", cell: ({ counts }) => <Counts counts={counts} /> },
    {
      header: "Took",
      isNumber: true,
      cell: ({ started_at: from, finished_at: to }) => duration(Date.parse(to) - Date.parse(from)),
    },
    {
      header: "Details",
      isUnnamed: true,
      cell: (run) => (
        <Button
          look="quiet"
          className="ml-auto"
          aria-label={`Show models of the run of ${exactTime(run.started_at)}`}
          onClick={() => setShown(run)}
        >
          Show models
        </Button>
      ),
    },
  ];
  return (
    <Card isFlush>
      <DataTable
        label="Synchronizations"
        columns={columns}
        query={query}
        idOf={({ id }) => id}
        empty={
          <EmptyState title="Not synchronized yet">
            Each time Headgate asks the provider for its models, what came of it is kept here.
          </EmptyState>
        }
      />
      {shown !== null && (
        <Dialog title={`Synchronization of ${exactTime(shown.started_at)}`} isWide onClose={() => setShown(null)}>
          <div className="flex flex-col gap-4">
            <RunReport run={shown} />
          </div>
        </Dialog>
      )}
    </Card>
  );
}

function Counts({ counts }: { counts: SyncRunBody["counts"] }) {
  const told = (["added", "returned", "offline", "conflict"] as const).filter((kind) => counts[kind] > 0);
  if (told.length === 0) return <span className="text-muted">no change</span>;
  return <span>{told.map((kind) => `${counts[kind]} ${kind}`).join(", ")}</span>;
}
