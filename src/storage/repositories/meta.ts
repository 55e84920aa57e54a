// Single values about the database itself, above all the version of the configuration.
import { type Kysely, sql } from "kysely";
import type { MetaRepository } from "../port.ts";
import type { Database } from "../schema.ts";

const configVersionKey = "config_version"; // inserted by the first migration

export function metaRepository(db: Kysely<Database>): MetaRepository {
  const get = async (key: string) => {
    const row = await db.selectFrom("meta").select("value").where("key", "=", key).executeTakeFirst();
    return row?.value ?? null;
  };
  return {
    get,
    async set(key, value) {
      await db
        .insertInto("meta")
        .values({ key, value })
        .onConflict((conflict) => conflict.column("key").doUpdateSet({ value }))
        .execute();
    },
    async configVersion() {
      return Number(await get(configVersionKey));
    },
    async bumpConfigVersion() {
      // The row stays locked until the transaction ends, so versions become visible in order.
      const row = await db
        .updateTable("meta")
        .set({ value: sql<string>`cast(cast(value as bigint) + 1 as text)` })
        .where("key", "=", configVersionKey)
        .returning("value")
        .executeTakeFirstOrThrow();
      return Number(row.value);
    },
  };
}
