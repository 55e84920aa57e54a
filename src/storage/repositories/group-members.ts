// Who is in which group, and who says so.
import { type Kysely, sql, type Transaction } from "kysely";
import { inTransaction } from "../in-transaction.ts";
import { type ColumnType, jsonRows } from "../json-rows.ts";
import type { GroupMemberRow, GroupRepository } from "../ports/people.ts";
import type { Engine } from "../ports/storage.ts";
import type { Database } from "../schema/database.ts";
import { type PageOrder, readPage } from "./read-page.ts";

type Memberships = Pick<
  GroupRepository,
  | "members"
  | "membersOf"
  | "groupsOf"
  | "membershipsOf"
  | "pageOfMembers"
  | "memberCounts"
  | "addMember"
  | "removeMember"
  | "replaceMemberships"
>;

const memberColumns: Readonly<Record<keyof GroupMemberRow, ColumnType>> = {
  group_id: "text",
  user_id: "text",
  source: "text",
  created_at: "bigint",
};

/** Of one group: a user is in it once for each who says so. */
const byMember: PageOrder = { columns: { user_id: "string", source: "string" }, direction: "asc" };

export function groupMembers(db: Kysely<Database>, engine: Engine): Memberships {
  const inOrder = () => db.selectFrom("group_members").selectAll().orderBy("user_id").orderBy("group_id").orderBy("source");
  return {
    async members() {
      return inOrder().execute();
    },
    async membersOf(groupId) {
      return inOrder().where("group_id", "=", groupId).execute();
    },
    async groupsOf(userId) {
      return inOrder().where("user_id", "=", userId).execute();
    },
    async membershipsOf(userIds) {
      if (userIds.length === 0) return [];
      return inOrder().where("user_id", "in", userIds).execute();
    },
    async pageOfMembers(groupId, request, userId) {
      let query = db.selectFrom("group_members").selectAll().where("group_id", "=", groupId);
      if (userId !== undefined) query = query.where("user_id", "=", userId);
      return readPage(query, byMember, request);
    },
    async memberCounts(groupIds) {
      if (groupIds.length === 0) return new Map();
      const rows = await db
        .selectFrom("group_members")
        // Distinct: an administrator and a provider may both have put the same user in.
        .select(({ fn }) => ["group_id", fn.count<number>("user_id").distinct().as("users")])
        .where("group_id", "in", groupIds)
        .groupBy("group_id")
        .execute();
      return new Map(rows.map((row) => [row.group_id, row.users]));
    },
    async addMember(row) {
      await db
        .insertInto("group_members")
        .values(row)
        .onConflict((conflict) => conflict.columns(["group_id", "user_id", "source"]).doNothing())
        .execute();
    },
    async removeMember(groupId, userId, source) {
      const result = await db
        .deleteFrom("group_members")
        .where("group_id", "=", groupId)
        .where("user_id", "=", userId)
        .where("source", "=", source)
        .executeTakeFirst();
      return result.numDeletedRows > 0n;
    },
    async replaceMemberships(userId, source, groupIds, nowMs) {
      return inTransaction(db, (transaction) => replace(transaction, engine, userId, source, groupIds, nowMs));
    },
  };
}

async function replace(
  transaction: Transaction<Database>,
  engine: Engine,
  userId: string,
  source: string,
  groupIds: readonly string[],
  nowMs: number,
): Promise<{ hasJoined: boolean; hasLeft: boolean }> {
  // SQLite has one writer anyway. Here two tokens of one user, seen at once by two processes, would leave the groups of both.
  if (engine === "postgres")
    await transaction.selectFrom("users").select("id").where("id", "=", userId).forNoKeyUpdate().execute();
  const rows = await transaction
    .selectFrom("group_members")
    .selectAll()
    .where("user_id", "=", userId)
    .where("source", "=", source)
    .execute();
  const had = new Set(rows.map((row) => row.group_id));
  const has = new Set(groupIds);
  const left = rows.filter((row) => !has.has(row.group_id));
  const joined = [...has]
    .filter((groupId) => !had.has(groupId))
    .map((groupId): GroupMemberRow => ({ group_id: groupId, user_id: userId, source, created_at: nowMs }));

  if (left.length > 0) {
    const groupsLeft = sql<string>`(select group_id from ${jsonRows(engine, memberColumns, left)})`;
    await transaction
      .deleteFrom("group_members")
      .where("user_id", "=", userId)
      .where("source", "=", source)
      .where("group_id", "in", groupsLeft)
      .execute();
  }
  if (joined.length > 0) {
    const columns = sql.join(Object.keys(memberColumns).map((column) => sql.ref(column)));
    await sql`
      insert into group_members (${columns})
      select ${columns} from ${jsonRows(engine, memberColumns, joined)} where true
      on conflict (group_id, user_id, source) do nothing`.execute(transaction);
  }
  return { hasJoined: joined.length > 0, hasLeft: left.length > 0 };
}
