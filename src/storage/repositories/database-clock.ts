// The database's own time in ms: what processes on several machines compare, whose clocks differ.
import { type RawBuilder, sql } from "kysely";
import type { Engine } from "../ports/storage.ts";

/** The time of the statement, not of its transaction's begin. */
export function databaseNowMs(engine: Engine): RawBuilder<number> {
  return engine === "postgres"
    ? sql<number>`cast(extract(epoch from clock_timestamp()) * 1000 as bigint)`
    : sql<number>`cast((julianday('now') - 2440587.5) * 86400000 as integer)`;
}
