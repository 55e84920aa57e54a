// A page of a list of the API as a table: loading, empty and error states, cursor paging with its state in the URL.
import type { UseQueryResult } from "@tanstack/react-query";
import { useLocation, useNavigate, useRouter } from "@tanstack/react-router";
import { ChevronLeft, ChevronRight, ChevronsLeft } from "lucide-react";
import type { ReactNode } from "react";
import type { ListOf } from "../api/queries.ts";
import { Button } from "./button.tsx";
import { ErrorState, Skeleton } from "./notice.tsx";

export interface Column<Row> {
  /** Also its label beside the value on narrow screens. */
  header: string;
  cell: (row: Row) => ReactNode;
  /** Figures are aligned to the right. */
  isNumber?: boolean;
  /** The cell that names the row; exactly one column is it. */
  isName?: boolean;
  /** Its header is not shown: for buttons. */
  isUnnamed?: boolean;
}

export interface TableProps<Row> {
  /** What the table lists, for screen readers. */
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  idOf: (row: Row) => string;
}

/** Rows that are there; DataTable is for those that are asked for page by page. */
export function Table<Row>({ label, columns, rows, idOf }: TableProps<Row>) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
    <section className="relative overflow-x-auto" aria-label={label} tabIndex={0}>
      {/* Roles are named: narrow screens lay the parts out as blocks, which takes their own away. */}
      <table role="table" className="data-table w-full border-collapse text-left">
        <caption className="sr-only">{label}</caption>
        <thead role="rowgroup">
          <tr role="row" className="border-b border-line text-sm text-muted">
            {columns.map((column) => (
              <th
                role="columnheader"
                key={column.header}
                scope="col"
                className={`px-4 py-2 font-medium whitespace-nowrap ${column.isNumber ? "text-right" : ""}`}
              >
                <span className={column.isUnnamed ? "sr-only" : ""}>{column.header}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr role="row" key={idOf(row)} className="border-b border-line last:border-0 hover:bg-raised/50">
              {columns.map((column) => {
                const content = column.cell(row);
                if (column.isName) {
                  return (
                    <th role="rowheader" scope="row" key={column.header} className="px-4 py-2.5 font-medium">
                      {content}
                    </th>
                  );
                }
                return (
                  <td
                    role="cell"
                    key={column.header}
                    data-label={column.isUnnamed ? undefined : column.header}
                    className={`px-4 py-2.5 align-middle ${column.isNumber ? "text-right tabular-nums" : ""}`}
                  >
                    {content}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

export interface DataTableProps<Row> extends Omit<TableProps<Row>, "rows"> {
  query: UseQueryResult<ListOf<Row>>;
  /** Shown when there is nothing: say what would be there, and how to get it (or that the search found nothing). */
  empty: ReactNode;
}

export function DataTable<Row>({ query, empty, ...table }: DataTableProps<Row>) {
  if (query.isPending) return <Skeleton lines={6} />;
  if (query.isError && query.data === undefined) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  const { data: rows, next_cursor: next } = query.data;
  return (
    <div aria-busy={query.isPlaceholderData || undefined} className={query.isPlaceholderData ? "opacity-60" : ""}>
      {rows.length === 0 ? empty : <Table {...table} rows={rows} />}
      <Paging next={next} />
    </div>
  );
}

/** First, previous and next page; nothing where there is but one. The cursor is in the URL as `cursor`. */
function Paging({ next }: { next: string | null }) {
  const navigate = useNavigate();
  const router = useRouter();
  const { search, state } = useLocation();
  const { cursor, ...rest } = search as Record<string, string | undefined>;
  if (next === null && cursor === undefined) return null;
  const hasPrevious = (state as { fromPageBefore?: boolean }).fromPageBefore === true;
  const go = (to: string | undefined, fromPageBefore: boolean) =>
    void navigate({
      to: ".",
      search: (to === undefined ? rest : { ...rest, cursor: to }) as never,
      state: { fromPageBefore } as never,
    });
  return (
    <nav aria-label="Pages" className="flex flex-wrap justify-end gap-2 border-t border-line px-4 py-2.5">
      {cursor !== undefined && (
        <Button look="quiet" icon={<ChevronsLeft size={16} aria-hidden />} onClick={() => go(undefined, false)}>
          First page
        </Button>
      )}
      {cursor !== undefined && hasPrevious && (
        <Button look="quiet" icon={<ChevronLeft size={16} aria-hidden />} onClick={() => router.history.back()}>
          Previous
        </Button>
      )}
      {next !== null && (
        <Button look="quiet" onClick={() => go(next, true)}>
          Next
          <ChevronRight size={16} aria-hidden />
        </Button>
      )}
    </nav>
  );
}
