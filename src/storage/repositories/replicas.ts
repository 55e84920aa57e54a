// The processes that use this database, each by the last sign that it gave.
import { type Kysely, sql } from "kysely";
import type { ReplicaRepository } from "../ports/replicas.ts";
import type { Engine } from "../ports/storage.ts";
import type { Database } from "../schema/database.ts";
import { databaseNowMs } from "./database-clock.ts";

export function replicaRepository(db: Kysely<Database>, engine: Engine): ReplicaRepository {
  const now = databaseNowMs(engine);
  return {
    async beat(row) {
      const { id: _, ...changes } = { ...row, seen_at: now };
      await db
        .insertInto("replicas")
        .values({ ...row, seen_at: now })
        .onConflict((conflict) => conflict.column("id").doUpdateSet(changes))
        .execute();
    },
    all() {
      return db
        .selectFrom("replicas")
        .selectAll()
        .select(sql<number>`${now} - seen_at`.as("seenAgoMs"))
        .orderBy("started_at")
        .orderBy("id")
        .execute();
    },
    async delete(id) {
      await db.deleteFrom("replicas").where("id", "=", id).execute();
    },
    async deleteUnseen(forMs) {
      await db
        .deleteFrom("replicas")
        .where("seen_at", "<", sql<number>`${now} - ${sql.lit(forMs)}`)
        .execute();
    },
  };
}
