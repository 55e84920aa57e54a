// Sessions as the admin API shows them: never their secret, nor its digest.
import type { SessionBody } from "../../../api/sessions.ts";
import { formatTime } from "../../../api/time.ts";
import type { SessionRow } from "../../../storage/ports/accounts.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import type { Actor } from "../authorize/actor.ts";

/** In the order of `rows`. */
export async function presentSessions(
  { users }: Repositories,
  rows: readonly SessionRow[],
  actor: Actor,
): Promise<SessionBody[]> {
  const names = await users.names([...new Set(rows.map(({ user_id }) => user_id))]);
  return rows.map((row) => ({
    id: row.id,
    user_id: row.user_id,
    user_name: names.get(row.user_id) ?? row.user_id,
    method: row.method as SessionBody["method"],
    address: row.address,
    user_agent: row.user_agent,
    is_current: row.id === actor.sessionId,
    created_at: formatTime(row.created_at),
    last_seen_at: formatTime(row.last_seen_at),
    expires_at: formatTime(row.expires_at),
  }));
}
