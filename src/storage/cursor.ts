// Opaque cursors: the sort key of the last row of a page, so that a page starts right after it whatever was added or removed since.
import { HeadgateError } from "../core/errors.ts";
import type { Page } from "./ports/page.ts";

type Part = "string" | "number";
type Key<Parts extends readonly Part[]> = { [Index in keyof Parts]: Parts[Index] extends "string" ? string : number };

export function encodeCursor(key: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(key)).toString("base64url");
}

/** The sort key in `cursor`, null without one. Throws HeadgateError invalid_field when it is not of this form. */
export function decodeCursor<const Parts extends readonly Part[]>(cursor: string | undefined, parts: Parts): Key<Parts> | null {
  if (cursor === undefined) return null;
  let key: unknown;
  try {
    key = JSON.parse(Buffer.from(cursor, "base64url").toString());
  } catch {
    key = null;
  }
  const fits =
    Array.isArray(key) &&
    key.length === parts.length &&
    parts.every((part, index) => (part === "number" ? Number.isSafeInteger(key[index]) : typeof key[index] === part));
  if (!fits) throw new HeadgateError("invalid_field", { field: "cursor", message: "`cursor` is not one that a page came with." });
  return key as unknown as Key<Parts>;
}

/** Makes a page of rows that were read with a limit of `limit` + 1. */
export function pageOf<Row>(rows: Row[], limit: number, keyOf: (row: Row) => readonly (string | number)[]): Page<Row> {
  if (rows.length <= limit) return { rows, nextCursor: null };
  const kept = rows.slice(0, limit);
  return { rows: kept, nextCursor: encodeCursor(keyOf(kept.at(-1) as Row)) };
}
