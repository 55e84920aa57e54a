// The columns of a user from what a request asks for, with the checks that need the database.
import type { UserPatch } from "../../../api/users.ts";
import { HeadgateError } from "../../../core/errors.ts";
import type { UserRow } from "../../../storage/ports/people.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import { limitsColumn } from "../limits-column.ts";

type Before = Pick<UserRow, "limits" | "source" | "name" | "email">;

/** `source` of users that an administrator made. */
export const localSource = "local";

/** Only the columns whose fields were sent; null puts a field back to its default. Throws HeadgateError invalid_field. */
export async function userColumns(asked: UserPatch, before: Before, { groups }: Repositories): Promise<Partial<UserRow>> {
  const columns: Partial<UserRow> = {};
  if (asked.name !== undefined) columns.name = own("name", asked.name, before);
  if (asked.email !== undefined) columns.email = own("email", asked.email, before);
  if (asked.role !== undefined) columns.role = asked.role ?? "member";
  if (asked.limits !== undefined) columns.limits = limitsColumn(asked.limits, before.limits);
  if (asked.primary_group_id !== undefined) {
    const groupId = asked.primary_group_id;
    if (groupId !== null && (await groups.get(groupId)) === null)
      throw invalid("primary_group_id", "there is no group with this id");
    columns.primary_group_id = groupId;
  }
  return columns;
}

/** What the provider says of its users would come back with their next token. */
function own<Value>(field: "name" | "email", value: Value, before: Before): Value {
  if (before.source === localSource || value === before[field]) return value;
  throw invalid(field, "follows what the user's identity provider says, and can't be changed here");
}

function invalid(field: string, text: string): HeadgateError {
  return new HeadgateError("invalid_field", { field, message: `${field}: ${text}` });
}
