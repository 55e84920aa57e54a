// Whose limits somebody may see: those of the keys, users, groups and models that they may see.
import type { FastifyRequest } from "fastify";
import type { HolderKind } from "../../../api/allowances.ts";
import { reachOf } from "../../../domain/policy.ts";
import type { LimitHolder } from "../../../storage/ports/limit-holders.ts";
import { databaseUnavailable, found } from "../answers.ts";
import type { Actor } from "../authorize/actor.ts";
import { isOwned, knownGroupIds, ownedByAsker } from "../authorize/reach.ts";
import type { AdminContext } from "../context.ts";
import type { Holder } from "./present.ts";

/** Asks about one kind of holder: each has a permission of its own. */
type Asked = Pick<FastifyRequest, "actor" | "reach">;

function askedAbout({ actor }: Pick<FastifyRequest, "actor">, kind: HolderKind): Asked | null {
  const reach = reachOf((actor as Actor).role, `${kind}s.read` as const);
  return reach === null ? null : { actor, reach };
}

/** All of a kind that have limits, and whose names contain `search`. */
export async function limitedHolders(
  context: AdminContext,
  request: Pick<FastifyRequest, "actor">,
  kind: HolderKind,
  search: string | undefined,
): Promise<Holder[]> {
  const asked = askedAbout(request, kind);
  if (asked === null) return [];
  const rows = await rowsOf(context, asked, kind, search);
  return rows.map(({ id, name, limits }) => ({ kind, id, name, column: limits }));
}

async function rowsOf(context: AdminContext, asked: Asked, kind: HolderKind, search: string | undefined): Promise<LimitHolder[]> {
  const database = context.database();
  const { limitHolders } = database;
  if (kind === "key") return limitHolders.keys({ ownedBy: ownedByAsker(asked), search });
  if (kind === "user") return limitHolders.users({ ownedBy: ownedByAsker(asked), search });
  if (kind === "group") return limitHolders.groups({ ids: await knownGroupIds(database, asked), search });
  const usable = usableNames(context, asked);
  const rows = await limitHolders.models({ search });
  return usable === undefined ? rows : rows.filter(({ name }) => usable.has(name));
}

/** Throws HeadgateError not_found, also for one that is there and that the asker does not see. */
export async function readHolder(
  context: AdminContext,
  request: Pick<FastifyRequest, "actor">,
  kind: HolderKind,
  id: string,
): Promise<Holder> {
  const asked = askedAbout(request, kind);
  const row = asked === null ? null : await seenRow(context, asked, kind, id);
  const { name, limits } = found(row, kind);
  return { kind, id, name, column: limits };
}

async function seenRow(context: AdminContext, asked: Asked, kind: HolderKind, id: string): Promise<LimitHolder | null> {
  const database = context.database();
  if (kind === "key") {
    const key = await database.keys.get(id);
    return key !== null && (await isOwned(database, ownedByAsker(asked), key)) ? key : null;
  }
  if (kind === "user") {
    const user = await database.users.get(id);
    return user !== null && (await isOwned(database, ownedByAsker(asked), { user_id: id, group_id: null })) ? user : null;
  }
  if (kind === "group") {
    const known = await knownGroupIds(database, asked);
    return known === undefined || known.includes(id) ? database.groups.get(id) : null;
  }
  const model = await database.models.get(id);
  const names = usableNames(context, asked);
  return model !== null && (names === undefined || names.has(model.name)) ? model : null;
}

/** Undefined: all. Throws HeadgateError database_unavailable while the data plane knows nothing. */
function usableNames(context: AdminContext, asked: Asked): ReadonlySet<string> | undefined {
  const owner = ownedByAsker(asked);
  if (owner === undefined) return undefined;
  const usable = context.usableModels(owner.userId);
  if (usable === null) throw databaseUnavailable();
  return new Set(usable.map(({ name }) => name));
}
