// What the list of exports shows of each.
import { Download } from "lucide-react";
import type { ExportBody } from "../../../src/api/exports.ts";
import { urlOf } from "../../api/client.ts";
import { StatusBadge } from "../../components/badge.tsx";
import type { Column } from "../../components/data-table.tsx";
import { Time } from "../../components/time.tsx";
import { bytes, count } from "../../format/figures.ts";

export const isUnderWay = ({ status }: ExportBody) => status === "waiting" || status === "running";

export const exportColumns: readonly Column<ExportBody>[] = [
  {
    header: "Export",
    isName: true,
    cell: ({ kind, format, query }) => (
      <>
        <span className="block">
          {kind.charAt(0).toUpperCase() + kind.slice(1)} as {format.toUpperCase()}
        </span>
        <span className="block text-xs font-normal text-muted">
          {Object.entries(query)
            .map(([name, value]) => `${name}: ${value}`)
            .join(" · ")}
        </span>
      </>
    ),
  },
  { header: "State", cell: (row) => <State row={row} /> },
  { header: "Rows", isNumber: true, cell: ({ rows }) => count(rows) },
  { header: "Size", isNumber: true, cell: ({ bytes: size }) => bytes(size) },
  { header: "Asked by", cell: ({ created_by: by }) => by.name },
  { header: "Asked", cell: ({ created_at: at }) => <Time at={at} /> },
  { header: "Kept until", cell: ({ expires_at: at }) => <Time at={at} never="–" /> },
  { header: "File", isUnnamed: true, cell: (row) => (row.status === "done" ? <FileLink row={row} /> : "") },
];

function State({ row }: { row: ExportBody }) {
  if (row.status === "running" && row.progress !== null) {
    const part = Math.round(row.progress * 100);
    return (
      <span className="flex items-center gap-2">
        <progress aria-label={`Export of ${row.kind}`} className="h-2 w-24 accent-accent" max={100} value={part} />
        <span className="text-sm text-muted tabular-nums">{part} %</span>
      </span>
    );
  }
  return (
    <span className="flex flex-col gap-1">
      <span>
        <StatusBadge status={row.status} />
      </span>
      {row.error !== null && <span className="text-sm text-bad">{row.error}</span>}
    </span>
  );
}

function FileLink({ row }: { row: ExportBody }) {
  return (
    <a
      download
      href={urlOf(`/exports/${encodeURIComponent(row.id)}/file`)}
      className="inline-flex items-center gap-1.5 font-medium text-accent-strong hover:underline"
    >
      <Download size={15} aria-hidden />
      Download
    </a>
  );
}
