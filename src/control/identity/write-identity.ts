// Writes what an identity provider says about one caller: the user's row, groups not seen before, and who is in which.
import { groupIdOf, type ProvenIdentity } from "../../domain/identity.ts";
import type { UserRow } from "../../storage/ports/people.ts";
import type { Repositories } from "../../storage/ports/storage.ts";
import { groupNameFor, plainText } from "./group-name.ts";

/** `last_seen_at` is not written more often. */
export const lastSeenEveryMs = 5 * 60_000;

export interface Sighting {
  identity: ProvenIdentity;
  seenAtMs: number;
}

export interface IdentityChange {
  /** Something that the data plane knows of the user changed: its name, its groups, or that there is one. */
  isUserShown: boolean;
  hasNewGroups: boolean;
  /** The user is in a group no longer. */
  hasLeft: boolean;
}

type Profile = Pick<UserRow, "name" | "username" | "email">;

/** To be called in a transaction. What an administrator decides (role, primary group, limits, other memberships) is left alone. */
export async function writeIdentity(repositories: Repositories, { identity, seenAtMs }: Sighting): Promise<IdentityChange> {
  const isUserShown = await writeUser(repositories, identity, seenAtMs);
  if (identity.groups === null) return { isUserShown, hasNewGroups: false, hasLeft: false };
  const { userId, source } = identity;
  // In one order everywhere: two processes that make the same groups wait for one another instead of getting stuck.
  const groups = new Map(identity.groups.map((group) => [groupIdOf(source, group.externalId), group]));
  const groupIds = [...groups.keys()].sort();
  const known = await repositories.groups.names(groupIds);
  const missing = groupIds.filter((id) => !known.has(id));
  for (const id of missing) {
    const group = groups.get(id) as { externalId: string; name: string };
    await repositories.groups.insert({
      id,
      name: await groupNameFor(repositories, source, group),
      models: "[]",
      source,
      external_id: group.externalId,
      limits: null,
      bodies: null,
      created_at: seenAtMs,
      updated_at: seenAtMs,
      version: 1,
    });
  }
  const { hasJoined, hasLeft } = await repositories.groups.replaceMemberships(userId, source, groupIds, seenAtMs);
  return { isUserShown: isUserShown || hasJoined || hasLeft, hasNewGroups: missing.length > 0, hasLeft };
}

/** True: the user is new, or has another name. */
async function writeUser({ users }: Repositories, identity: ProvenIdentity, seenAtMs: number): Promise<boolean> {
  const profile = profileOf(identity);
  const row = await users.get(identity.userId);
  if (row === null) {
    await users.insert({
      id: identity.userId,
      ...profile,
      role: "member",
      source: identity.source,
      subject: identity.subject,
      primary_group_id: null,
      limits: null,
      last_seen_at: seenAtMs,
      password_hash: null,
      disabled_at: null,
      created_at: seenAtMs,
      updated_at: seenAtMs,
      version: 1,
    });
    return true;
  }
  if (row.name !== profile.name || row.username !== profile.username || row.email !== profile.email) {
    await users.update(row.id, { ...profile, last_seen_at: seenAtMs, updated_at: seenAtMs });
    return row.name !== profile.name;
  }
  if (row.last_seen_at === null || seenAtMs - row.last_seen_at >= lastSeenEveryMs) await users.setLastSeen(row.id, seenAtMs);
  return false;
}

/** A user always has a name: where the provider gives none, what else it gives. */
function profileOf({ name, username, email, subject }: ProvenIdentity): Profile {
  const called = [name, username, email, subject].map((text) => plainText(text ?? "")).find((text) => text !== "");
  const textOrNull = (text: string | null) => plainText(text ?? "") || null;
  return { name: called ?? "unnamed", username: textOrNull(username), email: textOrNull(email) };
}
