// The processes of this Headgate, where there are several: what each serves, and from which configuration.
import type { SystemView } from "../../../src/api/system.ts";
import { Badge } from "../../components/badge.tsx";
import { Card } from "../../components/card.tsx";
import { type Column, Table } from "../../components/data-table.tsx";
import { Time } from "../../components/time.tsx";
import { count } from "../../format/figures.ts";

type Process = SystemView["processes"][number];

/** `current`: the version of the configuration that control works from. */
export function ProcessesCard({ processes, current }: { processes: readonly Process[]; current: number | null }) {
  if (processes.length < 2) return null;
  return (
    <Card title="Processes" description="One for administration and the ledger, and those that serve calls." isFlush>
      <Table label="Processes" columns={columnsOf(current)} rows={processes} idOf={({ pid }) => String(pid)} />
    </Card>
  );
}

function columnsOf(current: number | null): readonly Column<Process>[] {
  return [
    { header: "Name", isName: true, cell: ({ name, pid }) => <span title={`process ${pid}`}>{name}</span> },
    { header: "Started", cell: ({ started_at: at }) => <Time at={at} /> },
    {
      header: "Calls in flight",
      isNumber: true,
      cell: ({ calls_in_flight: calls }) => (calls === null ? <span className="text-muted">–</span> : count(calls)),
    },
    {
      header: "Configuration",
      cell: ({ config_version: version }) => (
        <span className="flex flex-wrap items-center gap-2 max-md:justify-end">
          {version ?? "none"}
          {current !== null && version !== null && version < current && <Badge tone="warn">behind</Badge>}
        </span>
      ),
    },
  ];
}
