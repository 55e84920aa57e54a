// The columns of a key from what a request asks for, with the checks that need the database or the clock.
import type { z } from "zod";
import type { patchKeyBody } from "../../../api/keys.ts";
import { HeadgateError } from "../../../core/errors.ts";
import type { Scope } from "../../../domain/api-key.ts";
import { everyoneGroupId, type KeyRow, type Repositories } from "../../../storage/port.ts";

const defaultScopes: readonly Scope[] = ["inference"];

type Changes = z.output<typeof patchKeyBody>;

/** Only the columns whose fields were sent; null puts a field back to its default. Throws HeadgateError invalid_field. */
export async function keyColumns(asked: Changes, repositories: Repositories, nowMs: number): Promise<Partial<KeyRow>> {
  const columns: Partial<KeyRow> = {};
  if (asked.name !== undefined) columns.name = asked.name;
  if (asked.models !== undefined) columns.models = asked.models === null ? null : JSON.stringify([...new Set(asked.models)]);
  if (asked.scopes !== undefined) columns.scopes = JSON.stringify([...new Set(asked.scopes ?? defaultScopes)]);
  if (asked.expires_at !== undefined) {
    if (asked.expires_at !== null && asked.expires_at <= nowMs) {
      throw new HeadgateError("invalid_field", { field: "expires_at", message: "expires_at: must be in the future" });
    }
    columns.expires_at = asked.expires_at;
  }
  if (asked.group_id !== undefined) {
    const groupId = asked.group_id ?? everyoneGroupId;
    if ((await repositories.groups.get(groupId)) === null) {
      throw new HeadgateError("invalid_field", { field: "group_id", message: "group_id: there is no group with this id" });
    }
    columns.group_id = groupId;
  }
  return columns;
}

/** There are no users in this version: whatever id is sent names nobody. */
export function checkUserId(userId: string | null | undefined): void {
  if (userId === null || userId === undefined) return;
  throw new HeadgateError("invalid_field", { field: "user_id", message: "user_id: there is no user with this id" });
}
