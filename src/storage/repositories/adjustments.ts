// Corrections of what attempts have cost: entries of their own, and the same change in the roll-ups, together.
import { type Kysely, sql } from "kysely";
import { inTransaction } from "../in-transaction.ts";
import { type ColumnType, jsonRows } from "../json-rows.ts";
import { adjustmentAddition } from "../ledger/adjustment-addition.ts";
import type { AdjustmentRepository, AdjustmentRow, AttemptRow } from "../ports/ledger.ts";
import type { Engine } from "../ports/storage.ts";
import type { Database } from "../schema/database.ts";
import { ledgerTransactions } from "./ledger-transaction.ts";

const columns: Readonly<Record<keyof AdjustmentRow, ColumnType>> = {
  attempt_started_at: "bigint",
  attempt_id: "text",
  id: "text",
  at: "bigint",
  delta_nano_usd: "bigint",
  unpriced_requests: "bigint",
  price_version: "text",
  reason: "text",
  batch_id: "text",
  model: "text",
  endpoint_id: "text",
  endpoint: "text",
  key_id: "text",
  user_id: "text",
  group_id: "text",
};

export function adjustmentRepository(db: Kysely<Database>, engine: Engine): AdjustmentRepository {
  const ofAttempts: AdjustmentRepository["ofAttempts"] = async (attempts) => {
    if (attempts.length === 0) return new Map();
    const keys = attempts.map(({ started_at, id }) => ({ started_at, id }));
    // SQLite looks the given ones up one by one; without `cross` it could as well go through all entries for them.
    const { rows } = await sql<AdjustmentRow>`
      select adjustments.* from ${jsonRows(engine, { started_at: "bigint", id: "text" }, keys)} cross join adjustments
      where adjustments.attempt_started_at = given.started_at and adjustments.attempt_id = given.id
      order by adjustments.at, adjustments.id`.execute(db);
    const byAttempt = new Map<string, AdjustmentRow[]>();
    for (const row of rows) {
      const present = byAttempt.get(row.attempt_id);
      if (present === undefined) byAttempt.set(row.attempt_id, [row]);
      else present.push(row);
    }
    return byAttempt;
  };

  return {
    ofAttempts,

    async insert(rows) {
      if (rows.length === 0) return;
      const names = sql.join(Object.keys(columns).map((name) => sql.ref(name)));
      await inTransaction(db, async (transaction) => {
        await sql`insert into adjustments (${names}) select ${names} from ${jsonRows(engine, columns, rows)}`.execute(
          transaction,
        );
        await ledgerTransactions(transaction, engine)((tables) => tables.addUsage(adjustmentAddition(rows)));
      });
    },

    async settledAttempts({ fromMs, toMs, model }, after, { limit, forUpdate }) {
      let query = db
        .selectFrom("attempts")
        .selectAll()
        .where("started_at", ">=", after?.started_at ?? fromMs)
        .where("started_at", "<", toMs)
        .where("state", "<>", sql.lit("started"));
      if (after !== null) query = query.where(sql<boolean>`(started_at, id) > (${after.started_at}, ${after.id})`);
      if (model !== undefined) query = query.where("model", "=", model);
      query = query.orderBy("started_at").orderBy("id").limit(limit);
      // SQLite has one writer at a time.
      if (forUpdate && engine === "postgres") query = query.forUpdate();
      const attempts: AttemptRow[] = await query.execute();
      const adjusted = await ofAttempts(attempts);
      return attempts.map((attempt) => ({ attempt, adjustments: adjusted.get(attempt.id) ?? [] }));
    },
  };
}
