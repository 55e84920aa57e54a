// A group, for those who may know of it.
import type { FastifyRequest } from "fastify";
import type { GroupRow } from "../../../storage/ports/people.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import { found } from "../answers.ts";
import { knownGroupIds } from "../authorize/reach.ts";

/** Throws HeadgateError not_found, also for a group that is there and that the asker does not see. */
export async function knownGroup(
  repositories: Repositories,
  request: Pick<FastifyRequest, "actor" | "reach">,
  id: string,
): Promise<GroupRow> {
  const known = await knownGroupIds(repositories, request);
  return found(known === undefined || known.includes(id) ? await repositories.groups.get(id) : null, "group");
}
