// What the routes of all resources share: paths with an id, empty answers, and the ways to say that something is not there.
import { z } from "zod";
import { HeadgateError } from "../../core/errors.ts";
import { StorageUnavailable } from "../../storage/ports/errors.ts";

export const idParams = z.object({ id: z.string() });

export const noContent = z.undefined().describe("Done");

/** The resource, or HeadgateError not_found that names its kind. */
export function found<Row>(row: Row | null | undefined, kind: string): Row {
  if (row === null || row === undefined) throw new HeadgateError("not_found", { message: `There is no ${kind} with this id.` });
  return row;
}

/** 503 with the seconds after which a client may try again. */
export function databaseUnavailable(cause?: Error): HeadgateError {
  return new HeadgateError("database_unavailable", { cause, retryAfterSeconds: 5 });
}

/** Whether it is what a route throws that the database does not answer. */
export function isDatabaseAway(error: unknown): boolean {
  return error instanceof StorageUnavailable || (error instanceof HeadgateError && error.code === "database_unavailable");
}
