// docs/streaming.md as its tests read it: its tables are what they expect.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { StreamKind } from "./stream-kinds.ts";

const page = readFileSync(fileURLToPath(new URL("../../../docs/streaming.md", import.meta.url)), "utf8");

const kindColumns = ["OpenAI chat", "OpenAI Responses", "Anthropic Messages", "unknown"];

/** Row → column → cell, of all tables that have a column for each kind of stream. */
const rows = new Map<string, Map<string, string>>();
for (const [table] of page.matchAll(/(?:^\|.*\|\n)+/gm)) {
  const [head = [], , ...body] = table
    .trim()
    .split("\n")
    .map((line) =>
      line
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim()),
    );
  if (!kindColumns.every((column) => head.includes(column))) continue;
  for (const cells of body) rows.set(cells[0] as string, new Map(head.map((column, index) => [column, cells[index] as string])));
}

/** The rows of the tables, in order. */
export const contractRows: readonly string[] = [...rows.keys()];

/** What the caller sees, as the page says it. */
export function callerSees(row: string, kind: StreamKind): string {
  return cellOf(row, kind.name);
}

/** What the ledger says. */
export function ledgerSays(row: string, kind: StreamKind): string {
  return cellFor(cellOf(row, "ledger"), kind);
}

/** Whether another deployment is tried, "yes" or "no" with its reason. */
export function nextDeployment(row: string, kind: StreamKind): string {
  return cellFor(cellOf(row, "next deployment"), kind);
}

/** The rows of the table that has a column for that. */
export const rowsBeforeFirstByte: readonly string[] = contractRows.filter((row) => rows.get(row)?.has("next deployment"));

/** A cell's part for `kind`: what it says of all kinds, unless another part follows as "; kind: …". */
export function cellFor(cell: string, kind: StreamKind): string {
  const [general, ...exceptions] = cell.split("; ");
  const own = exceptions.find((exception) => exception.startsWith(`${kind.name}: `));
  return own?.slice(kind.name.length + 2) ?? (general as string);
}

function cellOf(row: string, column: string): string {
  const cell = rows.get(row)?.get(column);
  if (cell === undefined) throw new Error(`docs/streaming.md has no row ${JSON.stringify(row)} with a column ${column}`);
  return cell;
}
