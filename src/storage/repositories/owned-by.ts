// What belongs to a user, or to the groups that they manage, as a condition on rows.
import type { ExpressionBuilder, Kysely } from "kysely";
import type { OwnedBy } from "../ports/owned-by.ts";
import type { Database } from "../schema/database.ts";

/** Of rows that say whose they are and which group pays. */
export function belongsTo(db: Kysely<Database>, owner: OwnedBy) {
  return (eb: ExpressionBuilder<Database, "keys" | "attempts" | "usage_hourly">) => {
    const own = eb("user_id", "=", owner.userId);
    if (owner.groupIds.length === 0) return own;
    return eb.or([own, eb("group_id", "in", owner.groupIds), eb("user_id", "in", membersOf(db, owner.groupIds))]);
  };
}

/** Of users: they themselves, and the members of their groups. */
export function isAmong(db: Kysely<Database>, owner: OwnedBy) {
  return (eb: ExpressionBuilder<Database, "users">) => {
    const self = eb("id", "=", owner.userId);
    return owner.groupIds.length === 0 ? self : eb.or([self, eb("id", "in", membersOf(db, owner.groupIds))]);
  };
}

/** Not as a list of ids: a group may have more members than a statement takes parameters. */
export function membersOf(db: Kysely<Database>, groupIds: readonly string[]) {
  return db.selectFrom("group_members").select("group_members.user_id").where("group_members.group_id", "in", groupIds);
}
