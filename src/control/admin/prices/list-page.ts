// A page of models with their prices: narrowed and cut here, since what the catalogue says is in no database.
import type { PriceStatus } from "../../../api/prices.ts";
import { HeadgateError } from "../../../core/errors.ts";
import type { PageRequest } from "../../../storage/ports/page.ts";
import { type ModelPrice, priceStatusOf } from "./present.ts";

export interface PricesFilter {
  search?: string | undefined;
  status?: PriceStatus | undefined;
}

/** `all` by name. A cursor is the name of the last model of the page before. Throws HeadgateError invalid_field on any other. */
export function pageOfPrices(
  all: readonly ModelPrice[],
  { search = "", status }: PricesFilter,
  { cursor, limit }: PageRequest,
): { rows: ModelPrice[]; nextCursor: string | null } {
  const wanted = folded(search);
  const after = cursor === undefined ? null : nameIn(cursor);
  const behind = after === null ? 0 : all.findIndex(({ model }) => Buffer.compare(Buffer.from(model), Buffer.from(after)) > 0);
  const rows: ModelPrice[] = [];
  for (const row of behind < 0 ? [] : all.slice(behind)) {
    if (wanted !== "" && !folded(row.model).includes(wanted)) continue;
    if (status !== undefined && priceStatusOf(row) !== status) continue;
    if (rows.length === limit)
      return { rows, nextCursor: Buffer.from(JSON.stringify([rows.at(-1)?.model])).toString("base64url") };
    rows.push(row);
  }
  return { rows, nextCursor: null };
}

function folded(text: string): string {
  return text.toLowerCase();
}

function nameIn(cursor: string): string {
  try {
    const [name, ...more] = JSON.parse(Buffer.from(cursor, "base64url").toString()) as unknown[];
    if (typeof name === "string" && more.length === 0) return name;
  } catch {
    // Of no list at all.
  }
  throw new HeadgateError("invalid_field", { field: "cursor", message: "`cursor` is not one that a page came with." });
}
