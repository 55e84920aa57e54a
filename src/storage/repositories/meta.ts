// Single values about the database itself, above all the version of the configuration and what its last versions changed.
import { type Kysely, sql } from "kysely";
import type { ConfigChange } from "../../domain/config-change.ts";
import { configMessage } from "../config-message.ts";
import type { MetaRepository } from "../ports/meta.ts";
import type { Engine } from "../ports/storage.ts";
import type { Database } from "../schema/database.ts";

const configVersionKey = "config_version"; // inserted by the first migration

/** A replica that missed more than this reads everything again. */
const changesKept = 1000;
/** More than this are as well read as everything. */
const changesReadMax = 300;

export function metaRepository(db: Kysely<Database>, engine: Engine): MetaRepository {
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
    async claim(key, value) {
      const result = await db
        .insertInto("meta")
        .values({ key, value })
        .onConflict((conflict) => conflict.column("key").doNothing())
        .executeTakeFirst();
      return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
    },
    async lock(key) {
      const row = await db
        .insertInto("meta")
        .values({ key, value: "" })
        .onConflict((conflict) => conflict.column("key").doUpdateSet((eb) => ({ value: eb.ref("meta.value") })))
        .returning("value")
        .executeTakeFirstOrThrow();
      return row.value;
    },
    async configVersion() {
      return Number(await get(configVersionKey));
    },
    async bumpConfigVersion(what = { part: "all" }) {
      // The row stays locked until the transaction ends, so versions become visible in order.
      const row = await db
        .updateTable("meta")
        .set({ value: sql<string>`cast(cast(value as bigint) + 1 as text)` })
        .where("key", "=", configVersionKey)
        .returning("value")
        .executeTakeFirstOrThrow();
      const version = Number(row.value);
      // A database that was put back to an older state may have had this version before.
      await db
        .insertInto("config_changes")
        .values({ version, what: JSON.stringify(what) })
        .onConflict((conflict) => conflict.column("version").doUpdateSet({ what: JSON.stringify(what) }))
        .execute();
      await db
        .deleteFrom("config_changes")
        .where("version", "<=", version - changesKept)
        .execute();
      // Sent with the commit, and not at all without one.
      if (engine === "postgres") await configMessage(version).execute(db);
      return version;
    },
    async changesSince(since) {
      const rows = await db
        .selectFrom("config_changes")
        .selectAll()
        .where("version", ">", since)
        .orderBy("version")
        .limit(changesReadMax + 1)
        .execute();
      const isWhole = rows.length <= changesReadMax && rows.every(({ version }, index) => version === since + index + 1);
      const last = rows.at(-1);
      if (!isWhole || last === undefined) return null;
      return { version: last.version, changes: rows.map(({ what }) => JSON.parse(what) as ConfigChange) };
    },
  };
}
