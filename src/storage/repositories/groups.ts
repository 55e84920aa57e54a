// Groups; so far only `everyone`, which the first migration makes.
import type { Kysely } from "kysely";
import type { GroupRepository } from "../port.ts";
import type { Database } from "../schema.ts";

export function groupRepository(db: Kysely<Database>): GroupRepository {
  return {
    async all() {
      return db.selectFrom("groups").selectAll().orderBy("name").execute();
    },
    async get(id) {
      return (await db.selectFrom("groups").selectAll().where("id", "=", id).executeTakeFirst()) ?? null;
    },
  };
}
