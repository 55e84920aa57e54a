// One page of a list: after a cursor, in an order that no two rows share a place in.
import { type SelectQueryBuilder, sql } from "kysely";
import { decodeCursor, pageOf } from "../cursor.ts";
import type { Page, PageRequest } from "../ports/page.ts";
import type { Database } from "../schema/database.ts";

/** What a list is sorted by, and what its cursors hold: columns of its rows that together are unique. */
export interface PageOrder {
  columns: Readonly<Record<string, "string" | "number">>;
  direction: "asc" | "desc";
}

/** Where names are unique. */
export const byName: PageOrder = { columns: { name: "string" }, direction: "asc" };
export const byNameAndId: PageOrder = { columns: { name: "string", id: "string" }, direction: "asc" };
export const newestFirst: PageOrder = { columns: { created_at: "number", id: "string" }, direction: "desc" };

/** Throws HeadgateError invalid_field on a cursor of another list. */
export async function readPage<Table extends keyof Database, Row extends object>(
  query: SelectQueryBuilder<Database, Table, Row>,
  order: PageOrder,
  { limit, cursor }: PageRequest,
): Promise<Page<Row>> {
  const names = Object.keys(order.columns);
  const after = isAfter(order, cursor);
  let page = query.limit(limit + 1);
  if (after !== null) page = page.where(after);
  for (const name of names) page = page.orderBy(sql.ref(name), order.direction);
  return pageOf(await page.execute(), limit, (row) => names.map((name) => (row as Record<string, string | number>)[name] ?? ""));
}

/** That a row comes after the cursor; null without one. Throws HeadgateError invalid_field on a cursor of another list. */
export function isAfter({ columns, direction }: PageOrder, cursor: string | undefined) {
  const after = decodeCursor(cursor, Object.values(columns));
  if (after === null) return null;
  const names = Object.keys(columns).map((name) => sql.ref(name));
  const operator = sql.raw(direction === "asc" ? ">" : "<");
  return sql<boolean>`(${sql.join(names)}) ${operator} (${sql.join([...after])})`;
}
