// The columns of a key from what a request asks for, with the checks that need the database or the clock.
import type { z } from "zod";
import type { patchKeyBody } from "../../../api/keys.ts";
import { HeadgateError } from "../../../core/errors.ts";
import type { Scope } from "../../../domain/api-key.ts";
import { everyoneGroupId } from "../../../domain/everyone.ts";
import type { KeyRow } from "../../../storage/ports/keys.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import { bodiesColumn } from "../bodies-column.ts";
import { limitsColumn } from "../limits-column.ts";

const defaultScopes: readonly Scope[] = ["inference"];

type Changes = z.output<typeof patchKeyBody>;

/** What the key has already. */
type Before = Pick<KeyRow, "user_id" | "limits" | "bodies">;

/** Only the columns whose fields were sent; null puts a field back to its default. Throws HeadgateError invalid_field. */
export async function keyColumns(
  asked: Changes,
  before: Before,
  repositories: Repositories,
  nowMs: number,
): Promise<Partial<KeyRow>> {
  const columns: Partial<KeyRow> = {};
  if (asked.name !== undefined) columns.name = asked.name;
  if (asked.models !== undefined) columns.models = asked.models === null ? null : JSON.stringify([...new Set(asked.models)]);
  if (asked.scopes !== undefined) columns.scopes = JSON.stringify([...new Set(asked.scopes ?? defaultScopes)]);
  if (asked.limits !== undefined) columns.limits = limitsColumn(asked.limits, before.limits);
  if (asked.bodies !== undefined) columns.bodies = bodiesColumn(asked.bodies, before.bodies);
  if (asked.expires_at !== undefined) {
    if (asked.expires_at !== null && asked.expires_at <= nowMs) {
      throw new HeadgateError("invalid_field", { field: "expires_at", message: "expires_at: must be in the future" });
    }
    columns.expires_at = asked.expires_at;
  }
  if (asked.group_id !== undefined) {
    const groupId = asked.group_id ?? (await ownerColumns(before.user_id, repositories)).group_id;
    if ((await repositories.groups.get(groupId)) === null) {
      throw new HeadgateError("invalid_field", { field: "group_id", message: "group_id: there is no group with this id" });
    }
    columns.group_id = groupId;
  }
  return columns;
}

/** The columns of a new key: its user has to be there, and pays by its primary group where no other is named. Throws HeadgateError invalid_field. */
export async function ownerColumns(
  userId: string | null,
  { users }: Repositories,
): Promise<Pick<KeyRow, "user_id" | "group_id">> {
  if (userId === null) return { user_id: null, group_id: everyoneGroupId };
  const user = await users.get(userId);
  if (user === null)
    throw new HeadgateError("invalid_field", { field: "user_id", message: "user_id: there is no user with this id" });
  return { user_id: userId, group_id: user.primary_group_id ?? everyoneGroupId };
}
