// The Headgates that work on this database, and what each does for all.
import type { SystemView } from "../../../src/api/system.ts";
import { Badge } from "../../components/badge.tsx";
import { Card } from "../../components/card.tsx";
import { type Column, Table } from "../../components/data-table.tsx";
import { Time } from "../../components/time.tsx";
import { bytes, counted } from "../../format/figures.ts";

type Replica = SystemView["replicas"][number];

export function ReplicasCard({ replicas, current }: { replicas: readonly Replica[]; current: number | null }) {
  if (replicas.length === 0) return null;
  return (
    <Card
      title="Replicas"
      description={`${counted(replicas.filter(({ is_gone: isGone }) => !isGone).length, "Headgate")} on this database.`}
      isFlush
    >
      <Table label="Replicas" columns={columnsOf(current)} rows={replicas} idOf={({ id }) => id} />
    </Card>
  );
}

/** `current`: the version of the configuration that this one works from. */
function columnsOf(current: number | null): readonly Column<Replica>[] {
  return [
    {
      header: "Host",
      isName: true,
      cell: ({ host, id, is_self: isSelf, is_gone: isGone }) => (
        <span className="flex flex-wrap items-center gap-2" title={id}>
          {host}
          {isSelf && <Badge tone="info">this one</Badge>}
          {isGone && <Badge tone="bad">gone</Badge>}
        </span>
      ),
    },
    { header: "Version", cell: ({ version }) => version },
    { header: "Started", cell: ({ started_at: at }) => <Time at={at} /> },
    { header: "Last seen", cell: ({ seen_at: at }) => <Time at={at} /> },
    {
      header: "Configuration",
      cell: ({ config_version: version, is_gone: isGone }) => (
        <span className="flex flex-wrap items-center gap-2 max-md:justify-end">
          {version}
          {current !== null && version < current && !isGone && <Badge tone="warn">behind</Badge>}
        </span>
      ),
    },
    { header: "Not in the database yet", isNumber: true, cell: ({ spool_backlog_bytes: size }) => bytes(size) },
    { header: "Does for all", cell: ({ holds }) => <Holds names={holds} /> },
    {
      header: "Allowances",
      cell: ({ allowances }) => <Badge tone={allowances === "ok" ? "good" : "warn"}>{allowances}</Badge>,
    },
  ];
}

function Holds({ names }: { names: readonly string[] }) {
  if (names.length === 0) return <span className="text-muted">nothing at the moment</span>;
  return <>{names.map((name) => name.replaceAll(/[_-]/g, " ")).join(", ")}</>;
}
