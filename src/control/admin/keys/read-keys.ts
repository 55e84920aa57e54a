// Keys with the names of whose they are and who pays, and with what the ledger knows of their use.
import type { KeyBody } from "../../../api/keys.ts";
import { formatTimeOrNull } from "../../../api/time.ts";
import type { KeyRow } from "../../../storage/ports/keys.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import { presentKey } from "./present.ts";

/** In the order of `rows`. */
export async function readKeys({ ledger, users, groups }: Repositories, rows: readonly KeyRow[]): Promise<KeyBody[]> {
  const [lastUsed, userNames, groupNames] = await Promise.all([
    ledger.lastUsed(rows.map(({ id }) => id)),
    users.names([...new Set(rows.flatMap(({ user_id: id }) => (id === null ? [] : [id])))]),
    groups.names([...new Set(rows.map(({ group_id: id }) => id))]),
  ]);
  return rows.map((row) => ({
    ...presentKey(row),
    user_name: userNames.get(row.user_id ?? "") ?? null,
    group_name: groupNames.get(row.group_id) ?? null,
    previous_expires_at: formatTimeOrNull(row.previous_digest === null ? null : row.previous_expires_at),
    last_used_at: formatTimeOrNull(lastUsed.get(row.id) ?? null),
  }));
}

export async function readKey(repositories: Repositories, row: KeyRow): Promise<KeyBody> {
  return (await readKeys(repositories, [row]))[0] as KeyBody;
}
