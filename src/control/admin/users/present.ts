// A user with its groups as the admin API shows it.
import { formatTime, formatTimeOrNull } from "../../../api/time.ts";
import type { Role, UserBody } from "../../../api/users.ts";
import type { UserRow } from "../../../storage/ports/people.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import { presentLimits } from "../limits-column.ts";

/** In the order of `users`. With `groupIds`, no other groups are shown. */
export async function presentUsers(
  { groups }: Repositories,
  users: readonly UserRow[],
  groupIds?: readonly string[],
): Promise<UserBody[]> {
  const all = await groups.membershipsOf(users.map(({ id }) => id));
  const memberships = groupIds === undefined ? all : all.filter(({ group_id }) => groupIds.includes(group_id));
  const names = await groups.names([...new Set(memberships.map(({ group_id }) => group_id))]);
  const ofUsers = new Map<string, UserBody["groups"]>();
  for (const { user_id, group_id: id, source } of memberships) {
    const group = { id, name: names.get(id) ?? id, source };
    const ofUser = ofUsers.get(user_id);
    if (ofUser === undefined) ofUsers.set(user_id, [group]);
    else ofUser.push(group);
  }
  return users.map((row) => presentUser(row, ofUsers.get(row.id) ?? []));
}

export async function readUser(repositories: Repositories, user: UserRow, groupIds?: readonly string[]): Promise<UserBody> {
  return (await presentUsers(repositories, [user], groupIds))[0] as UserBody;
}

function presentUser(row: UserRow, groups: UserBody["groups"]): UserBody {
  return {
    id: row.id,
    name: row.name,
    email: row.email,
    username: row.username,
    role: row.role as Role,
    source: row.source,
    subject: row.subject,
    primary_group_id: row.primary_group_id,
    groups: groups.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)),
    limits: row.limits === null ? null : presentLimits(row.limits),
    disabled: row.disabled_at !== null,
    has_password: row.password_hash !== null,
    last_seen_at: formatTimeOrNull(row.last_seen_at),
    created_at: formatTime(row.created_at),
    updated_at: formatTime(row.updated_at),
    version: row.version,
  };
}
