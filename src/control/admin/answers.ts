// What the routes of all resources share: paths with an id, empty answers, and the one way to say that nothing is there.
import { z } from "zod";
import { HeadgateError } from "../../core/errors.ts";

export const idParams = z.object({ id: z.string() });

export const noContent = z.undefined().describe("Done");

/** The resource, or HeadgateError not_found that names its kind. */
export function found<Row>(row: Row | null | undefined, kind: string): Row {
  if (row === null || row === undefined) throw new HeadgateError("not_found", { message: `There is no ${kind} with this id.` });
  return row;
}
