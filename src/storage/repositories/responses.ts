// The answers that providers keep under an id: who made which, and where it is kept.
import { type Kysely, sql, type Transaction } from "kysely";
import type { LedgerRecord } from "../../domain/ledger-record.ts";
import { isResponseId, ownerName } from "../../domain/response-owner.ts";
import { type ColumnType, jsonRows } from "../json-rows.ts";
import type { Engine, ResponseRepository, ResponseRow } from "../port.ts";
import type { Database } from "../schema.ts";

const responseColumns: Readonly<Record<keyof ResponseRow, ColumnType>> = {
  id: "text",
  deployment_id: "text",
  endpoint_id: "text",
  model: "text",
  owner: "text",
  created_at: "bigint",
};

const rowsPerStatement = 2000;
/** As in the ledger: a long clean-up must not hold up its writers. */
const rowsPerDelete = 5000;

export function responseRepository(db: Kysely<Database>): ResponseRepository {
  return {
    async find(id) {
      return (await db.selectFrom("responses").selectAll().where("id", "=", id).executeTakeFirst()) ?? null;
    },
    async delete(id) {
      await db.deleteFrom("responses").where("id", "=", id).execute();
    },
    async deleteBefore(timeMs) {
      let deleted = 0;
      for (;;) {
        const old = db.selectFrom("responses").select("id").where("created_at", "<", timeMs).orderBy("created_at");
        const result = await db.deleteFrom("responses").where("id", "in", old.limit(rowsPerDelete)).executeTakeFirst();
        deleted += Number(result.numDeletedRows);
        if (Number(result.numDeletedRows) < rowsPerDelete) return deleted;
      }
    },
  };
}

/** Takes in the ids that settled records bring: an id stays with whoever made it first. */
export async function ingestResponses(
  transaction: Transaction<Database>,
  engine: Engine,
  records: readonly LedgerRecord[],
): Promise<void> {
  const rows: ResponseRow[] = [];
  for (const record of records) {
    if (record.event !== "settled" || typeof record.responseId !== "string" || !isResponseId(record.responseId)) continue;
    const owner = ownerName(record.keyId, record.userId);
    if (owner === "") continue;
    rows.push({
      id: record.responseId,
      deployment_id: record.deploymentId,
      endpoint_id: record.endpointId,
      model: record.model,
      owner,
      created_at: Math.round(record.startedAtMs),
    });
  }
  if (rows.length === 0) return;
  // By id, so that concurrent writers lock rows in the same order.
  rows.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : a.created_at - b.created_at));
  const columns = sql.join(Object.keys(responseColumns).map((column) => sql.ref(column)));
  for (let from = 0; from < rows.length; from += rowsPerStatement) {
    await sql`
      insert into responses (${columns})
      select ${columns} from ${jsonRows(engine, responseColumns, rows.slice(from, from + rowsPerStatement))} where true
      order by id, created_at
      on conflict (id) do nothing`.execute(transaction);
  }
}
