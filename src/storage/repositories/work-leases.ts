// Which process does which scheduled work, in the database: one statement takes and renews, and compares before it sets.
import { type Kysely, sql } from "kysely";
import type { WorkLeaseRepository } from "../ports/replicas.ts";
import type { Engine } from "../ports/storage.ts";
import type { Database } from "../schema/database.ts";
import { databaseNowMs } from "./database-clock.ts";

export function workLeaseRepository(db: Kysely<Database>, engine: Engine): WorkLeaseRepository {
  const now = databaseNowMs(engine);
  return {
    async acquire(names, holder, ttlMs) {
      if (names.length === 0) return [];
      const rows = await db
        .insertInto("work_leases")
        // In one order, so that two processes wait for one another instead of getting stuck.
        .values(
          [...names]
            .sort()
            .map((name) => ({ name, holder, acquired_at: now, expires_at: sql<number>`${now} + ${sql.lit(ttlMs)}` })),
        )
        .onConflict((conflict) =>
          conflict
            .column("name")
            .doUpdateSet((eb) => ({
              holder: eb.ref("excluded.holder"),
              acquired_at: sql<number>`case when work_leases.holder = excluded.holder then work_leases.acquired_at else excluded.acquired_at end`,
              expires_at: eb.ref("excluded.expires_at"),
            }))
            .where((eb) =>
              eb.or([eb("work_leases.holder", "=", eb.ref("excluded.holder")), eb("work_leases.expires_at", "<=", now)]),
            ),
        )
        .returning("name")
        .execute();
      return rows.map(({ name }) => name);
    },
    async release(holder, names) {
      let query = db.deleteFrom("work_leases").where("holder", "=", holder);
      if (names !== undefined) query = query.where("name", "in", [...names, ""]);
      await query.execute();
    },
    held() {
      return db.selectFrom("work_leases").select(["name", "holder"]).where("expires_at", ">", now).orderBy("name").execute();
    },
  };
}
