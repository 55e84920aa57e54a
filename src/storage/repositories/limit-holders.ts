// Who has limits: of keys, users, groups and models only what that says, since there may be tens of thousands.
import type { Kysely } from "kysely";
import type { LimitHolderRepository } from "../ports/limit-holders.ts";
import type { Engine } from "../ports/storage.ts";
import type { Database } from "../schema/database.ts";
import { containsText } from "./contains-text.ts";
import { belongsTo, isAmong } from "./owned-by.ts";

export function limitHolderRepository(db: Kysely<Database>, engine: Engine): LimitHolderRepository {
  return {
    async keys({ ownedBy, search }) {
      let query = db
        .selectFrom("keys")
        .select(["id", "name", "limits"])
        .where("deleted_at", "is", null)
        .where("limits", "is not", null);
      if (ownedBy !== undefined) query = query.where(belongsTo(db, ownedBy));
      if (search !== undefined) query = query.where(containsText(engine, ["name", "prefix"], search));
      return query.execute();
    },
    async users({ ownedBy, search }) {
      let query = db.selectFrom("users").select(["id", "name", "limits"]).where("limits", "is not", null);
      if (ownedBy !== undefined) query = query.where(isAmong(db, ownedBy));
      if (search !== undefined) query = query.where(containsText(engine, ["name", "email", "username"], search));
      return query.execute();
    },
    async groups({ ids, search }) {
      let query = db.selectFrom("groups").select(["id", "name", "limits"]).where("limits", "is not", null);
      if (ids !== undefined) query = query.where("id", "in", ids);
      if (search !== undefined) query = query.where(containsText(engine, ["name"], search));
      return query.execute();
    },
    async models({ search }) {
      let query = db.selectFrom("models").select(["id", "name", "limits"]).where("limits", "is not", null);
      if (search !== undefined) query = query.where(containsText(engine, ["name"], search));
      return query.execute();
    },
  };
}
