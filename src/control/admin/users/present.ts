// A user with its groups as the admin API shows it.
import { formatTime, formatTimeOrNull } from "../../../api/time.ts";
import type { Role, UserBody } from "../../../api/users.ts";
import type { Repositories, UserRow } from "../../../storage/port.ts";
import { presentLimits } from "../limits-column.ts";

/** In the order of `users`. */
export async function presentUsers({ groups }: Repositories, users: readonly UserRow[]): Promise<UserBody[]> {
  const memberships = await groups.membershipsOf(users.map(({ id }) => id));
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

export async function readUser(repositories: Repositories, user: UserRow): Promise<UserBody> {
  return (await presentUsers(repositories, [user]))[0] as UserBody;
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
    groups: groups.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)),
    limits: row.limits === null ? null : presentLimits(row.limits),
    last_seen_at: formatTimeOrNull(row.last_seen_at),
    created_at: formatTime(row.created_at),
    updated_at: formatTime(row.updated_at),
    version: row.version,
  };
}
