// Makes, changes and deletes users. Each is to be called in a transaction.
import type { CreateUser, UserPatch } from "../../../api/users.ts";
import { HeadgateError } from "../../../core/errors.ts";
import { newId } from "../../../core/ids.ts";
import type { UserRow } from "../../../storage/ports/people.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import { recordChange } from "../../audit/record-change.ts";
import { usersChanged } from "../../identity/people-change.ts";
import { found } from "../answers.ts";
import type { Asker } from "../authorize/asker.ts";
import { checkIfMatch, etagOf } from "../etag.ts";
import { recordKey } from "../keys/change-key.ts";
import { presentUsers, readUser } from "./present.ts";
import { keepAnAdministrator, refuseOwnStanding } from "./protected-account.ts";
import { localSource, userColumns } from "./user-columns.ts";

export async function createUser(repositories: Repositories, asker: Asker, asked: CreateUser, nowMs: number): Promise<UserRow> {
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
  await repositories.meta.bumpConfigVersion(usersChanged([row.id]));
  const after = await readUser(repositories, row);
  await recordChange(repositories, { ...asker, action: "user.create", resource: resourceOf(row), before: null, after, nowMs });
  return row;
}

/** The user as it is then. Throws HeadgateError not_found, stale or invalid_field. */
export async function patchUser(
  repositories: Repositories,
  asker: Asker,
  id: string,
  ifMatch: string | undefined,
  patch: UserPatch,
  nowMs: number,
): Promise<UserRow> {
  const user = await userToChange(repositories, id, ifMatch);
  const columns = {
    ...(await userColumns(patch, user, repositories)),
    ...disabledColumn(patch, user, nowMs),
    updated_at: nowMs,
  };
  if (Object.keys(columns).length === 1) return user;
  refuseOwnStanding(asker.actor, user, columns);
  if (!(await repositories.users.update(id, columns, user.version))) throw new HeadgateError("stale");
  await repositories.meta.bumpConfigVersion(usersChanged([id], { mayShutOut: true }));
  if (columns.disabled_at) await shutOut(repositories, id);
  await keepAnAdministrator(repositories, user);
  const changed = { ...user, ...columns, version: user.version + 1 };
  const [before, after] = await presentUsers(repositories, [user, changed]);
  await recordChange(repositories, {
    ...asker,
    action: "user.update",
    resource: resourceOf(changed),
    before: before as object,
    after: after as object,
    nowMs,
  });
  return changed;
}

/** With the user's keys. Throws HeadgateError not_found or stale. */
export async function deleteUser(
  repositories: Repositories,
  asker: Asker,
  id: string,
  ifMatch: string | undefined,
  nowMs: number,
): Promise<void> {
  const user = await userToChange(repositories, id, ifMatch);
  refuseOwnStanding(asker.actor, user, null);
  const before = await readUser(repositories, user);
  const keys = await repositories.keys.ofUser(id);
  for (const key of keys) {
    await repositories.keys.update(key.id, { deleted_at: nowMs, updated_at: nowMs });
    await recordKey(repositories, asker, "key.delete", { before: key, after: null }, nowMs);
  }
  await repositories.users.delete(id);
  // Last: whoever has raised the version is waited for, and must not wait in turn for a row of somebody who waits.
  for (const key of keys) await repositories.meta.bumpConfigVersion({ part: "key", id: key.id });
  await repositories.meta.bumpConfigVersion(usersChanged([id], { mayShutOut: true }));
  await keepAnAdministrator(repositories, user);
  await recordChange(repositories, { ...asker, action: "user.delete", resource: resourceOf(user), before, after: null, nowMs });
}

/** Since when it has been so stays. */
function disabledColumn({ disabled }: UserPatch, { disabled_at }: UserRow, nowMs: number): Partial<UserRow> {
  if (disabled === undefined || disabled === (disabled_at !== null)) return {};
  return { disabled_at: disabled ? nowMs : null };
}

/** Nothing that a disabled user holds is good when the user comes back. */
async function shutOut({ sessions, oneTimeLinks }: Repositories, userId: string): Promise<void> {
  await sessions.deleteOfUser(userId);
  await oneTimeLinks.deleteOf("password", userId);
}

function resourceOf({ id, name }: UserRow): { kind: string; id: string; name: string } {
  return { kind: "user", id, name };
}

async function userToChange({ users }: Repositories, id: string, ifMatch: string | undefined): Promise<UserRow> {
  const user = found(await users.get(id), "user");
  checkIfMatch(ifMatch, etagOf(user.version));
  return user;
}
