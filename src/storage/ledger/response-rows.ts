// The answers that providers keep under an id, as settled records name them.
import type { LedgerRecord } from "../../domain/ledger-record.ts";
import { isResponseId, ownerName } from "../../domain/response-owner.ts";
import type { ColumnType } from "../json-rows.ts";
import type { ResponseRow } from "../ports/responses.ts";

/** In the table's order. */
export const responseColumns: Readonly<Record<keyof ResponseRow, ColumnType>> = {
  id: "text",
  deployment_id: "text",
  endpoint_id: "text",
  model: "text",
  owner: "text",
  created_at: "bigint",
};

/** Null for a record that names none. */
export function responseRow(record: LedgerRecord): ResponseRow | null {
  if (record.event !== "settled" || typeof record.responseId !== "string" || !isResponseId(record.responseId)) return null;
  const owner = ownerName(record.keyId, record.userId);
  if (owner === "") return null;
  return {
    id: record.responseId,
    deployment_id: record.deploymentId,
    endpoint_id: record.endpointId,
    model: record.model,
    owner,
    created_at: Math.round(record.startedAtMs),
  };
}

/** By id, so that concurrent writers lock rows in the same order, and by age: an id stays with whoever made it first. */
export function responsesInOrder(rows: readonly ResponseRow[]): ResponseRow[] {
  return [...rows].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : a.created_at - b.created_at));
}
