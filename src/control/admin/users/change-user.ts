// Makes, changes and deletes users. Each is to be called in a transaction.
import type { CreateUser, UserPatch } from "../../../api/users.ts";
import { HeadgateError } from "../../../core/errors.ts";
import { newId } from "../../../core/ids.ts";
import type { Repositories, UserRow } from "../../../storage/port.ts";
import { found } from "../answers.ts";
import { checkIfMatch, etagOf } from "../etag.ts";
import { localSource, userColumns } from "./user-columns.ts";

export async function createUser(repositories: Repositories, asked: CreateUser, nowMs: number): Promise<UserRow> {
  const empty: UserRow = {
    id: newId("usr"),
    name: asked.name,
    email: null,
    username: null,
    role: "member",
    source: localSource,
    subject: null,
    primary_group_id: null,
    limits: null,
    last_seen_at: null,
    password_hash: null,
    disabled_at: null,
    created_at: nowMs,
    updated_at: nowMs,
    version: 1,
  };
  const row = { ...empty, ...(await userColumns(asked, empty, repositories)) };
  await repositories.users.insert(row);
  await repositories.meta.bumpConfigVersion();
  return row;
}

/** The user as it is then. Throws HeadgateError not_found, stale or invalid_field. */
export async function patchUser(
  repositories: Repositories,
  id: string,
  ifMatch: string | undefined,
  patch: UserPatch,
  nowMs: number,
): Promise<UserRow> {
  const user = await userToChange(repositories, id, ifMatch);
  const columns = { ...(await userColumns(patch, user, repositories)), updated_at: nowMs };
  if (Object.keys(columns).length === 1) return user;
  if (!(await repositories.users.update(id, columns, user.version))) throw new HeadgateError("stale");
  await repositories.meta.bumpConfigVersion();
  return { ...user, ...columns, version: user.version + 1 };
}

/** With the user's keys. Throws HeadgateError not_found or stale. */
export async function deleteUser(
  repositories: Repositories,
  id: string,
  ifMatch: string | undefined,
  nowMs: number,
): Promise<void> {
  await userToChange(repositories, id, ifMatch);
  for (const key of await repositories.keys.ofUser(id)) {
    await repositories.keys.update(key.id, { deleted_at: nowMs, updated_at: nowMs });
    // One version for each thing that changed: the publisher sees that a patch of users alone will not do.
    await repositories.meta.bumpConfigVersion();
  }
  await repositories.users.delete(id);
  await repositories.meta.bumpConfigVersion();
}

async function userToChange({ users }: Repositories, id: string, ifMatch: string | undefined): Promise<UserRow> {
  const user = found(await users.get(id), "user");
  checkIfMatch(ifMatch, etagOf(user.version));
  return user;
}
