// Groups and their members as the admin API shows them.
import type { GroupBody, GroupMemberBody } from "../../../api/groups.ts";
import { formatTime } from "../../../api/time.ts";
import { everyoneGroupId } from "../../../domain/everyone.ts";
import type { GroupMemberRow, GroupRow } from "../../../storage/ports/people.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import { presentBodyKeeping } from "../bodies-column.ts";
import { presentLimits } from "../limits-column.ts";

/** In the order of `rows`. */
export async function presentGroups({ groups, keys }: Repositories, rows: readonly GroupRow[]): Promise<GroupBody[]> {
  const ids = rows.map(({ id }) => id);
  const members = await groups.memberCounts(ids);
  const paid = await keys.countsOfGroups(ids);
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    models: JSON.parse(row.models) as string[],
    limits: presentLimits(row.limits),
    bodies: presentBodyKeeping(row.bodies),
    source: row.source,
    external_id: row.external_id,
    member_count: row.id === everyoneGroupId ? null : (members.get(row.id) ?? 0),
    key_count: paid.get(row.id) ?? 0,
    created_at: formatTime(row.created_at),
    updated_at: formatTime(row.updated_at),
    version: row.version,
  }));
}

export async function readGroup(repositories: Repositories, group: GroupRow): Promise<GroupBody> {
  return (await presentGroups(repositories, [group]))[0] as GroupBody;
}

export async function presentMembers({ users }: Repositories, rows: readonly GroupMemberRow[]): Promise<GroupMemberBody[]> {
  const names = await users.names([...new Set(rows.map(({ user_id }) => user_id))]);
  return rows.map(({ user_id, source, created_at }) => ({
    id: user_id,
    name: names.get(user_id) ?? user_id,
    source,
    created_at: formatTime(created_at),
  }));
}
