// Prices in the database: those that administrators set for a model, and all that were ever in use.
import { type Kysely, sql } from "kysely";
import { jsonRows } from "../json-rows.ts";
import type { PriceRepository, PriceVersionRepository, PriceVersionRow } from "../ports/prices.ts";
import type { Engine } from "../ports/storage.ts";
import type { Database } from "../schema/database.ts";

export function priceRepository(db: Kysely<Database>): PriceRepository {
  return {
    async all() {
      return db.selectFrom("prices").selectAll().orderBy("model").execute();
    },
    async get(model) {
      return (await db.selectFrom("prices").selectAll().where("model", "=", model).executeTakeFirst()) ?? null;
    },
    async set({ id, model, components }, nowMs) {
      return db
        .insertInto("prices")
        .values({ id, model, components, created_at: nowMs, updated_at: nowMs, version: 1 })
        .onConflict((conflict) =>
          conflict.column("model").doUpdateSet({ components, updated_at: nowMs, version: sql`prices.version + 1` }),
        )
        .returningAll()
        .executeTakeFirstOrThrow();
    },
    async delete(model) {
      const result = await db.deleteFrom("prices").where("model", "=", model).executeTakeFirst();
      return result.numDeletedRows > 0n;
    },
  };
}

const columns = {
  version: "text",
  source: "text",
  provider: "text",
  model: "text",
  catalogue_version: "text",
  content: "text",
  first_seen_at: "bigint",
} as const;

export function priceVersionRepository(db: Kysely<Database>, engine: Engine): PriceVersionRepository {
  return {
    async insertMissing(rows) {
      if (rows.length === 0) return;
      const given = jsonRows<PriceVersionRow>(engine, columns, rows);
      const names = sql.join(Object.keys(columns).map((name) => sql.ref(name)));
      // "where true": SQLite would read the conflict as a join's condition.
      await sql`insert into price_versions (${names}) select ${names} from ${given} where true on conflict (version) do nothing`.execute(
        db,
      );
    },
    async ofVersions(versions) {
      if (versions.length === 0) return [];
      return db
        .selectFrom("price_versions")
        .selectAll()
        .where("version", "in", [...versions])
        .execute();
    },
  };
}
