// A page of manifests: there are few, so all are read and the page is cut here.
import { HeadgateError } from "../../../core/errors.ts";
import type { ManifestRow, Page, PageRequest } from "../../../storage/port.ts";

/** `rows` are all, by name. The cursor is the name of the last row before the page. */
export function pageOfManifests(rows: readonly ManifestRow[], { limit, cursor }: PageRequest): Page<ManifestRow> {
  const after = cursor === undefined ? "" : nameIn(cursor);
  const rest = rows.filter(({ name }) => name > after);
  const kept = rest.slice(0, limit);
  const last = kept.at(-1);
  const nextCursor =
    rest.length > kept.length && last !== undefined ? Buffer.from(JSON.stringify([last.name])).toString("base64url") : null;
  return { rows: kept, nextCursor };
}

function nameIn(cursor: string): string {
  try {
    const [name] = JSON.parse(Buffer.from(cursor, "base64url").toString()) as unknown[];
    if (typeof name === "string") return name;
  } catch {
    // said below
  }
  throw new HeadgateError("invalid_field", { field: "cursor", message: "`cursor` is not one that a page came with." });
}
