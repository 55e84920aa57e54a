// What those who don't administer may do to keys: nobody gives what they don't have, or gets at a key that can do more than they.
import { HeadgateError } from "../../../core/errors.ts";
import { isGrantable, type Scope } from "../../../domain/api-key.ts";
import { everyoneGroupId } from "../../../domain/everyone.ts";
import type { KeyRow } from "../../../storage/ports/keys.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import type { Actor } from "../authorize/actor.ts";
import { groupIdsOf } from "../authorize/reach.ts";

export interface KeyWriter {
  userId: string;
  groupIds: readonly string[];
  /** Also writes keys of those who are in their groups. */
  isManager: boolean;
}

/** Null: may do anything. */
export function keyWriterOf({ actor, reach }: { actor: Actor | null; reach: string }): KeyWriter | null {
  if (reach === "all") return null;
  if (actor === null || actor.userId === null) throw new HeadgateError("not_allowed");
  return { userId: actor.userId, groupIds: groupIdsOf(actor), isManager: reach === "groups" };
}

/** Whose a new key is, and who pays. Throws HeadgateError not_allowed. */
export async function newKeyOwner(
  repositories: Repositories,
  writer: KeyWriter,
  asked: { user_id?: string | null | undefined; group_id?: string | null | undefined },
): Promise<Pick<KeyRow, "user_id" | "group_id">> {
  const userId = asked.user_id ?? writer.userId;
  if (userId !== writer.userId) await requireNoMore(repositories, writer, userId);
  const groupId = asked.group_id ?? (await payingGroupOf(repositories, writer, userId));
  await requirePayer(repositories, writer, userId, groupId);
  return { user_id: userId, group_id: groupId };
}

/**
 * Of a key that the writer can see. `isHeld`: they may come to hold it, or hold it, so that it must not do more than they can.
 * Throws HeadgateError not_allowed.
 */
export async function requireKeyWriter(
  repositories: Repositories,
  writer: KeyWriter,
  key: KeyRow,
  { isHeld }: { isHeld: boolean },
): Promise<void> {
  if (key.user_id === writer.userId) return;
  if (!writer.groupIds.includes(key.group_id)) {
    throw notAllowed("This key is paid by a group that you are not in: its user or an administrator can change it.");
  }
  if (ungrantable(key.scopes).length > 0)
    throw notAllowed("Only administrators change the keys of others that have more than 'inference'.");
  if (isHeld && key.user_id !== null) await requireNoMore(repositories, writer, key.user_id);
}

/** Holds what is written, all of it or what changes, to what the writer can give. Throws HeadgateError not_allowed. */
export async function requireGrantable(
  repositories: Repositories,
  writer: KeyWriter,
  before: KeyRow,
  changes: Partial<KeyRow>,
): Promise<void> {
  const after = { ...before, ...changes };
  const differs = (column: "models" | "expires_at" | "limits" | "group_id") => after[column] !== before[column];
  const had = ungrantable(before.scopes);
  const has = ungrantable(after.scopes);
  const given = has.find((scope) => !had.includes(scope));
  if (given !== undefined) throw notAllowed(`Only administrators give keys the scope '${given}'.`, "scopes");
  if (differs("limits")) throw notAllowed("Only administrators set limits.", "limits");
  // Such a key is an administrator's grant, for these models and this long.
  for (const column of ["models", "expires_at"] as const) {
    if (has.length > 0 && differs(column)) {
      throw notAllowed(`Only administrators change \`${column}\` of a key with the scope '${has[0]}'.`, column);
    }
  }
  if (differs("group_id")) await requirePayer(repositories, writer, before.user_id, after.group_id);
}

async function payingGroupOf({ groups, users }: Repositories, writer: KeyWriter, userId: string): Promise<string> {
  const primary = (await users.get(userId))?.primary_group_id ?? null;
  if (userId === writer.userId) return primary ?? everyoneGroupId;
  if (primary !== null && writer.groupIds.includes(primary)) return primary;
  const shared = (await groups.groupsOf(userId)).map(({ group_id }) => group_id).filter((id) => writer.groupIds.includes(id));
  return shared.sort()[0] ?? everyoneGroupId;
}

/** One's own keys are paid by one's own groups, the keys of others by groups that one manages. Throws HeadgateError not_allowed. */
export async function requirePayer(
  { users }: Repositories,
  writer: KeyWriter,
  userId: string | null,
  groupId: string,
): Promise<void> {
  if (writer.groupIds.includes(groupId)) return;
  if (userId === writer.userId) {
    if (groupId === everyoneGroupId || groupId === (await users.get(userId))?.primary_group_id) return;
  }
  throw notAllowed("A key is paid by a group that you are in.", "group_id");
}

/** A key of a user can do what the user can: whoever is to hold one must be in all of the user's groups. */
async function requireNoMore({ groups }: Repositories, writer: KeyWriter, userId: string): Promise<void> {
  const ids = (await groups.groupsOf(userId)).map(({ group_id }) => group_id);
  if (!writer.isManager || !ids.some((id) => writer.groupIds.includes(id))) {
    const whose = writer.isManager ? "yourself and for members of your groups" : "yourself";
    throw notAllowed(`Your role makes keys for ${whose}.`, "user_id");
  }
  if (ids.every((id) => id === everyoneGroupId || writer.groupIds.includes(id))) return;
  throw notAllowed(
    "This user is also in groups that you are not in, whose models their keys can use: they or an administrator make and change those.",
    "user_id",
  );
}

function ungrantable(scopes: string): Scope[] {
  return (JSON.parse(scopes) as Scope[]).filter((scope) => !isGrantable(scope));
}

function notAllowed(message: string, field?: string): HeadgateError {
  return new HeadgateError("not_allowed", { message, ...(field === undefined ? {} : { field }) });
}
