// Who sees an export, and who still may have its file.
import type { FastifyRequest } from "fastify";
import { HeadgateError } from "../../../core/errors.ts";
import { type Reach, reachOf } from "../../../domain/policy.ts";
import type { ExportRow } from "../../../storage/ports/exports.ts";
import type { Storage } from "../../../storage/ports/storage.ts";
import { type ExportKind, type ExportScope, readingOf } from "../../exports/export-scope.ts";
import { found } from "../answers.ts";
import type { Actor } from "../authorize/actor.ts";
import { requireReach } from "../authorize/authorize.ts";
import { groupIdsOf, knownGroupIds, ownedByAsker } from "../authorize/reach.ts";
import { areEndpointsShown } from "../authorize/shown-endpoints.ts";

/** What an export of this kind may hold that `actor` asks for now. Throws HeadgateError not_allowed. */
export async function scopeOf(database: Storage, actor: Actor, kind: ExportKind): Promise<ExportScope> {
  const asked = { actor, reach: requireReach(actor, readingOf[kind]) };
  return {
    reach: asked.reach,
    userId: actor.userId,
    groupIds: ownedByAsker(asked)?.groupIds ?? [],
    knownGroupIds: (await knownGroupIds(database, asked)) ?? null,
    endpoints: areEndpointsShown(asked),
  };
}

export function seesAll({ role }: Actor): boolean {
  return role === "administrator";
}

/** The export, when it is the asker's own or the asker an administrator, and it has not expired. Throws HeadgateError not_found. */
export async function seenExport(
  { exports }: Storage,
  { actor }: Pick<FastifyRequest, "actor">,
  id: string,
  nowMs: number,
): Promise<ExportRow> {
  const row = found(await exports.get(id), "export");
  const isSeen = actor !== null && (seesAll(actor) || (row.user_id !== null && row.user_id === actor.userId));
  return found(isSeen && (row.expires_at ?? nowMs + 1) > nowMs ? row : null, "export");
}

const width: Readonly<Record<Reach, number>> = { own: 1, groups: 2, all: 3 };

/** Throws HeadgateError not_allowed when the file holds more than the asker may read by now. */
export function requireStillReached(actor: Actor, row: ExportRow): void {
  if (seesAll(actor)) return;
  const scope = JSON.parse(row.scope) as ExportScope;
  const now = reachOf(actor.role, readingOf[row.kind as ExportKind]);
  const reaches = now !== null && width[now] >= width[scope.reach];
  const groups = groupIdsOf(actor);
  const hasGroups = now === "all" || scope.groupIds.every((id) => groups.includes(id));
  if (reaches && hasGroups && (areEndpointsShown({ actor }) || !scope.endpoints)) return;
  throw new HeadgateError("not_allowed", {
    message: "This file holds more than you may read now: your role or groups have changed since it was made. Make it again.",
  });
}
