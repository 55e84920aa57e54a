// Pages of holders of limits, those that are nearest to the end first; shares move between two pages, so a cursor says where one ended.
import { HeadgateError } from "../../../core/errors.ts";
import type { Limits } from "../../../domain/limits.ts";
import type { AllowanceView } from "../../allowances/allowance-views.ts";
import type { Holder } from "./present.ts";

export interface Standing {
  holder: Holder;
  limits: Limits;
  view: AllowanceView;
  share: number;
}

type Place = [share: number, name: string];

/** Sorts `standings`. Throws HeadgateError invalid_field. */
export function pageOfNearest(
  standings: Standing[],
  { cursor, limit }: { cursor?: string | undefined; limit: number },
): { rows: Standing[]; nextCursor: string | null } {
  const after = cursor === undefined ? null : placeOf(cursor);
  standings.sort((a, b) => compare(place(a), place(b)));
  const from = after === null ? 0 : standings.findIndex((each) => compare(place(each), after) > 0);
  const rows = from < 0 ? [] : standings.slice(from, from + limit);
  const last = rows.at(-1);
  const isMore = last !== undefined && from + limit < standings.length;
  return { rows, nextCursor: isMore ? Buffer.from(JSON.stringify(place(last))).toString("base64url") : null };
}

function place({ share, holder: { kind, id } }: Standing): Place {
  return [share, `${kind}:${id}`];
}

function compare([shareA, nameA]: Place, [shareB, nameB]: Place): number {
  if (shareA !== shareB) return shareB - shareA;
  return nameA === nameB ? 0 : nameA < nameB ? -1 : 1;
}

function placeOf(cursor: string): Place {
  try {
    const [share, name] = JSON.parse(Buffer.from(cursor, "base64url").toString()) as Place;
    if (typeof share === "number" && typeof name === "string") return [share, name];
  } catch {
    // Said below.
  }
  throw new HeadgateError("invalid_field", { field: "cursor", message: "cursor: is not a cursor of this list" });
}
