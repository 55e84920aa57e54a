// Makes, changes and deletes groups. Each is to be called in a transaction.
import type { CreateGroup, GroupPatch } from "../../../api/groups.ts";
import { HeadgateError } from "../../../core/errors.ts";
import { newId } from "../../../core/ids.ts";
import { everyoneGroupId } from "../../../domain/everyone.ts";
import { groupIdOf } from "../../../domain/identity.ts";
import type { GroupRow } from "../../../storage/ports/people.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import { type Change, recordChange } from "../../audit/record-change.ts";
import { usersChanged } from "../../identity/people-change.ts";
import { found } from "../answers.ts";
import type { Asker } from "../authorize/asker.ts";
import { bodiesColumn } from "../bodies-column.ts";
import { checkIfMatch, etagOf } from "../etag.ts";
import { limitsColumn } from "../limits-column.ts";
import { readGroup } from "./present.ts";

const modelsMax = 1000;

/** Throws HeadgateError name_conflict. */
export async function createGroup(
  repositories: Repositories,
  asker: Asker,
  asked: CreateGroup,
  nowMs: number,
): Promise<GroupRow> {
  const source = asked.source ?? null;
  const externalId = asked.external_id ?? null;
  await checkName(repositories, asked.name);
  const id = source === null || externalId === null ? newId("grp") : groupIdOf(source, externalId);
  const there = await repositories.groups.get(id);
  if (there !== null) {
    const message = `That group of '${source}' is there already, as '${there.name}'.`;
    throw new HeadgateError("name_conflict", { field: "external_id", message });
  }
  const row: GroupRow = {
    id,
    name: asked.name,
    models: modelsColumn(asked.models ?? []),
    source,
    external_id: externalId,
    limits: limitsColumn(asked.limits),
    bodies: bodiesColumn(asked.bodies),
    created_at: nowMs,
    updated_at: nowMs,
    version: 1,
  };
  await repositories.groups.insert(row);
  await repositories.meta.bumpConfigVersion(usersChanged([], { groupsChanged: true }));
  const after = await readGroup(repositories, row);
  await recordGroup(repositories, row, { ...asker, action: "group.create", before: null, after, nowMs });
  return row;
}

/** The group as it is then. Throws HeadgateError not_found, stale, name_conflict or invalid_field. */
export async function patchGroup(
  repositories: Repositories,
  asker: Asker,
  id: string,
  ifMatch: string | undefined,
  patch: GroupPatch,
  nowMs: number,
): Promise<GroupRow> {
  const group = await groupToChange(repositories, id, ifMatch);
  const changes: Partial<GroupRow> = {};
  if (patch.name !== undefined && patch.name !== group.name) {
    if (id === everyoneGroupId) throw invalid("name", "the built-in group 'everyone' keeps its name");
    await checkName(repositories, patch.name);
    changes.name = patch.name;
  }
  // Back to the default, which for `everyone` is all.
  if (patch.models !== undefined) changes.models = modelsColumn(patch.models ?? (id === everyoneGroupId ? ["*"] : []));
  if (patch.limits !== undefined) changes.limits = limitsColumn(patch.limits, group.limits);
  if (patch.bodies !== undefined) changes.bodies = bodiesColumn(patch.bodies, group.bodies);
  return writeGroup(repositories, group, changes, { ...asker, action: "group.update", nowMs });
}

/** Grants a model, or takes it back; the group as it is then. Throws HeadgateError not_found, stale or invalid_field. */
export async function setGroupModel(
  repositories: Repositories,
  asker: Asker,
  id: string,
  ifMatch: string | undefined,
  { model, isGranted }: { model: string; isGranted: boolean },
  nowMs: number,
): Promise<GroupRow> {
  const group = await groupToChange(repositories, id, ifMatch);
  const models = JSON.parse(group.models) as string[];
  if (models.includes(model) === isGranted) return group;
  if (isGranted && models.length >= modelsMax) throw invalid("model", `a group has at most ${modelsMax} names or patterns`);
  const changed = isGranted ? [...models, model] : models.filter((name) => name !== model);
  const action = isGranted ? "group.grant_model" : "group.revoke_model";
  return writeGroup(repositories, group, { models: modelsColumn(changed) }, { ...asker, action, nowMs });
}

/**
 * Who of the users is touched: its members, and those who had it as their primary group, which it is no longer.
 * Throws HeadgateError not_found, stale, not_allowed, or invalid_field while keys are paid by it.
 */
export async function deleteGroup(
  repositories: Repositories,
  asker: Asker,
  id: string,
  ifMatch: string | undefined,
  nowMs: number,
): Promise<string[]> {
  const group = await groupToChange(repositories, id, ifMatch);
  if (id === everyoneGroupId) {
    throw new HeadgateError("not_allowed", { message: "The built-in group 'everyone' can't be deleted; narrow its `models`." });
  }
  const paid = (await repositories.keys.paidByGroup(id)).length;
  if (paid > 0) {
    throw invalid(
      "id",
      `${paid === 1 ? "1 key is" : `${paid} keys are`} paid by this group; give them another \`group_id\` first`,
    );
  }
  const before = await readGroup(repositories, group);
  const touched = new Set((await repositories.groups.membersOf(id)).map(({ user_id }) => user_id));
  for (const user of await repositories.users.all()) {
    if (user.primary_group_id !== id) continue;
    await repositories.users.update(user.id, { primary_group_id: null, updated_at: nowMs });
    touched.add(user.id);
  }
  await repositories.groups.delete(id);
  await repositories.meta.bumpConfigVersion(usersChanged([...touched], { groupsChanged: true, mayShutOut: true }));
  await recordGroup(repositories, group, { ...asker, action: "group.delete", before, after: null, nowMs });
  return [...touched];
}

async function groupToChange({ groups }: Repositories, id: string, ifMatch: string | undefined): Promise<GroupRow> {
  const group = found(await groups.get(id), "group");
  checkIfMatch(ifMatch, etagOf(group.version));
  return group;
}

async function writeGroup(
  repositories: Repositories,
  group: GroupRow,
  changes: Partial<GroupRow>,
  what: Asker & Pick<Change, "action" | "nowMs">,
): Promise<GroupRow> {
  if (Object.keys(changes).length === 0) return group;
  const columns = { ...changes, updated_at: what.nowMs };
  if (!(await repositories.groups.update(group.id, columns, group.version))) throw new HeadgateError("stale");
  await repositories.meta.bumpConfigVersion(usersChanged([], { groupsChanged: true, mayShutOut: true }));
  const changed = { ...group, ...columns, version: group.version + 1 };
  const [before, after] = [await readGroup(repositories, group), await readGroup(repositories, changed)];
  await recordGroup(repositories, changed, { ...what, before, after });
  return changed;
}

/** To be called in the transaction of the change. */
export function recordGroup(repositories: Repositories, { id, name }: GroupRow, what: Omit<Change, "resource">): Promise<void> {
  return recordChange(repositories, { ...what, resource: { kind: "group", id, name } });
}

async function checkName({ groups }: Repositories, name: string): Promise<void> {
  if ((await groups.getByName(name)) === null) return;
  throw new HeadgateError("name_conflict", { field: "name", message: `There is already a group named '${name}'.` });
}

function modelsColumn(models: readonly string[]): string {
  return JSON.stringify([...new Set(models)]);
}

function invalid(field: string, text: string): HeadgateError {
  return new HeadgateError("invalid_field", { field, message: `${field}: ${text}` });
}
