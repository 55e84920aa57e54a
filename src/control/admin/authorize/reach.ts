// What a request reaches: the whole installation, what belongs to its user, or also what belongs to the groups that they are in.
import type { FastifyRequest } from "fastify";
import { HeadgateError } from "../../../core/errors.ts";
import { everyoneGroupId } from "../../../domain/everyone.ts";
import type { OwnedBy } from "../../../storage/ports/owned-by.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import type { Actor } from "./actor.ts";

type Asked = Pick<FastifyRequest, "actor" | "reach">;

/** Undefined: everything. */
export function ownedByAsker({ actor, reach }: Asked): OwnedBy | undefined {
  if (reach === "all") return undefined;
  const { userId } = actor as Actor;
  // What belongs to no user acts for the installation, and reaches everything: there is nothing of its own.
  if (userId === null) throw new HeadgateError("not_allowed");
  return { userId, groupIds: reach === "groups" ? groupIdsOf(actor as Actor) : [] };
}

/** For what is about oneself, whatever one's reach. Throws HeadgateError not_allowed for who is no user. */
export function ownUserId({ actor }: Pick<FastifyRequest, "actor">): string {
  const userId = actor?.userId ?? null;
  if (userId === null)
    throw new HeadgateError("not_allowed", { message: "This is about models of one's own: sign in as a user." });
  return userId;
}

/** Without `everyone`: being in it makes nobody the manager of all. */
export function groupIdsOf({ groupIds }: Actor): string[] {
  return groupIds.filter((id) => id !== everyoneGroupId);
}

/** Whether a row belongs to `owner` (undefined: to anybody), as the repositories' filters have it. */
export async function isOwned(
  { groups }: Repositories,
  owner: OwnedBy | undefined,
  row: { user_id: string | null; group_id: string | null },
): Promise<boolean> {
  if (owner === undefined || row.user_id === owner.userId) return true;
  if (owner.groupIds.length === 0) return false;
  if (row.group_id !== null && owner.groupIds.includes(row.group_id)) return true;
  return row.user_id !== null && (await groups.groupsOf(row.user_id)).some(({ group_id }) => owner.groupIds.includes(group_id));
}

/**
 * Groups that the asker may know of: those that they are in, the one that pays for them, and `everyone`. Undefined: all. Other groups of
 * those whom a manager sees stay unnamed.
 */
export async function knownGroupIds({ users }: Repositories, { actor, reach }: Asked): Promise<string[] | undefined> {
  if (reach === "all" || actor === null || actor.userId === null) return undefined;
  const primary = (await users.get(actor.userId))?.primary_group_id ?? everyoneGroupId;
  return [...new Set([...groupIdsOf(actor), primary, everyoneGroupId])];
}
