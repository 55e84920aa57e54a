// Puts users into groups and takes them out, as an administrator; what identity providers say stays theirs.
import { HeadgateError } from "../../../core/errors.ts";
import { everyoneGroupId } from "../../../domain/everyone.ts";
import { administrators } from "../../../domain/membership-source.ts";
import type { GroupRow, UserRow } from "../../../storage/ports/people.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import { usersChanged } from "../../identity/people-change.ts";
import { found } from "../answers.ts";
import type { Asker } from "../authorize/asker.ts";
import { recordGroup } from "./change-group.ts";

/** To be called in a transaction. True: something changed. Throws HeadgateError not_found, or not_allowed for `everyone`. */
export async function addMember(
  repositories: Repositories,
  asker: Asker,
  groupId: string,
  userId: string,
  nowMs: number,
): Promise<boolean> {
  const { group, user } = await checkBoth(repositories, groupId, userId);
  const { groups, meta } = repositories;
  const there = (await groups.groupsOf(userId)).some((row) => row.group_id === groupId && row.source === administrators);
  if (there) return false;
  await groups.addMember({ group_id: groupId, user_id: userId, source: administrators, created_at: nowMs });
  await meta.bumpConfigVersion(usersChanged([userId]));
  const after = { member: memberOf(user) };
  await recordGroup(repositories, group, { ...asker, action: "group.add_member", before: null, after, nowMs });
  return true;
}

/** To be called in a transaction. True: something changed. Throws HeadgateError as `addMember`, and invalid_field where only a provider says so. */
export async function removeMember(
  repositories: Repositories,
  asker: Asker,
  groupId: string,
  userId: string,
  nowMs: number,
): Promise<boolean> {
  const { group, user } = await checkBoth(repositories, groupId, userId);
  const { groups, meta } = repositories;
  if (await groups.removeMember(groupId, userId, administrators)) {
    await meta.bumpConfigVersion(usersChanged([userId], { mayShutOut: true }));
    const before = { member: memberOf(user) };
    await recordGroup(repositories, group, { ...asker, action: "group.remove_member", before, after: null, nowMs });
    return true;
  }
  const provider = (await groups.groupsOf(userId)).find((row) => row.group_id === groupId);
  if (provider === undefined) return false;
  const message = `user_id: this membership follows what the identity provider '${provider.source}' says, and can't be ended here`;
  throw new HeadgateError("invalid_field", { field: "user_id", message });
}

async function checkBoth(
  { groups, users }: Repositories,
  groupId: string,
  userId: string,
): Promise<{ group: GroupRow; user: UserRow }> {
  const group = found(await groups.get(groupId), "group");
  if (groupId === everyoneGroupId) {
    throw new HeadgateError("not_allowed", { message: "Everybody is in the built-in group 'everyone', always." });
  }
  return { group, user: found(await users.get(userId), "user") };
}

function memberOf({ id, name }: UserRow): { id: string; name: string } {
  return { id, name };
}
