// Indexes behind lists: what a group pays for, by time, and what has failed.
import { type Kysely, sql } from "kysely";

export async function listIndexes(db: Kysely<unknown>): Promise<void> {
  // Whoever sees the requests of a group would else have those of everybody looked through. Nothing is written for calls that
  // `everyone` pays for, which nobody sees as the manager of a group.
  await sql`create index attempt_by_group on attempts (group_id, started_at)
    where final = 1 and group_id <> 'grp_everyone'`.execute(db);
  // Few rows, and the ones that are looked for: the condition is that of GET /requests?status=error, word for word. With the id, since
  // SQLite takes the primary key for any order that it alone has whole.
  await sql`create index attempt_failed on attempts (started_at, id)
    where final = 1 and (state = 'interrupted' or (state = 'settled' and (status >= 400 or error is not null)))`.execute(db);
}
