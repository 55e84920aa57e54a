// A report as a table, the greatest first; a name narrows the report to it.
import { useState } from "react";
import type { UsageRowBody } from "../../../src/api/usage.ts";
import { Badge } from "../../components/badge.tsx";
import { Button } from "../../components/button.tsx";
import { Card } from "../../components/card.tsx";
import { type Column, Table } from "../../components/data-table.tsx";
import { useUrlFilters } from "../../components/filters.tsx";
import { count, percent, usd } from "../../format/figures.ts";
import type { Dimension } from "./usage-page.tsx";

/** How many are shown before one asks for more; the server has sent them all. */
const stepRows = 50;

/** What people call it; ids of what is gone stay ids. */
export function nameOfRow(row: UsageRowBody, dimension: Dimension): string {
  if (dimension === "model") return row.model ?? "no model";
  if (dimension === "endpoint") return row.endpoint ?? "none";
  const id = row[dimension] ?? null;
  return row[`${dimension}_name`] ?? id ?? `no ${dimension}`;
}

export interface UsageTableProps {
  /** The greatest first. */
  rows: readonly UsageRowBody[];
  total: UsageRowBody;
  dimension: Dimension;
  /** There may be more than `rows`. */
  isCut: boolean;
}

export function UsageTable({ rows, total, dimension, isCut }: UsageTableProps) {
  const [shown, setShown] = useState(stepRows);
  return (
    <Card title={`${dimension[0]?.toUpperCase()}${dimension.slice(1)}s`} isFlush>
      <Table
        label={`Usage by ${dimension}`}
        columns={columnsOf(dimension, total.requests)}
        rows={rows.slice(0, shown)}
        idOf={(row) => row[dimension] ?? ""}
      />
      {rows.length > shown && (
        <div className="border-t border-line p-2 text-center">
          <Button look="quiet" onClick={() => setShown(shown + stepRows)}>
            Show more of {count(rows.length)}
          </Button>
        </div>
      )}
      {isCut && rows.length <= shown && (
        <p className="border-t border-line px-4 py-2.5 text-sm text-muted">
          These are the greatest {count(rows.length)}; the export has all.
        </p>
      )}
    </Card>
  );
}

function columnsOf(dimension: Dimension, total: number): Column<UsageRowBody>[] {
  return [
    {
      header: `${dimension[0]?.toUpperCase()}${dimension.slice(1)}`,
      isName: true,
      cell: (row) => <Narrowing row={row} dimension={dimension} />,
    },
    { header: "Requests", isNumber: true, cell: ({ requests }) => count(requests) },
    { header: "Share", isNumber: true, cell: ({ requests }) => (total === 0 ? "–" : percent(requests / total)) },
    { header: "Errors", isNumber: true, cell: ({ errors, requests }) => (requests === 0 ? "–" : percent(errors / requests)) },
    { header: "Input", isNumber: true, cell: (row) => count(row.input_tokens) },
    { header: "Cached", isNumber: true, cell: (row) => count(row.cached_input_tokens) },
    { header: "Output", isNumber: true, cell: (row) => count(row.output_tokens) },
    { header: "Cost", isNumber: true, cell: (row) => usd(row.cost_usd) },
    { header: "Notes", cell: (row) => <Notes row={row} /> },
  ];
}

function Narrowing({ row, dimension }: { row: UsageRowBody; dimension: Dimension }) {
  const { set } = useUrlFilters();
  const value = row[dimension];
  const name = nameOfRow(row, dimension);
  if (!value) return <span className="text-muted">{name}</span>;
  return (
    <button
      type="button"
      title={`Only this ${dimension}`}
      className="text-left text-accent-strong hover:underline"
      onClick={() => set({ [dimension]: value })}
    >
      {name}
    </button>
  );
}

function Notes({ row }: { row: UsageRowBody }) {
  return (
    <span className="flex flex-wrap gap-1 max-md:justify-end">
      {row.estimated_requests > 0 && <Badge tone="warn">{percent(row.estimated_requests / row.requests)} estimated</Badge>}
      {row.unpriced_requests > 0 && <Badge tone="warn">{percent(row.unpriced_requests / row.requests)} without a price</Badge>}
      {row.interrupted_requests > 0 && <Badge tone="bad">{count(row.interrupted_requests)} interrupted</Badge>}
    </span>
  );
}
