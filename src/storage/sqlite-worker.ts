// The worker thread in which SQLite runs for threads that move bytes.
import { parentPort, workerData } from "node:worker_threads";
import { giveWay } from "../core/give-way.ts";
import { SqliteConnections, type SqliteFile, type SqliteResult, type SqliteStatement } from "./sqlite-connections.ts";

/** `eachRow` comes as JSON: copying a string between threads costs a fraction of copying thousands of values. */
export interface SqliteRequest extends Omit<SqliteStatement, "eachRow"> {
  id: number;
  eachRow: string | null;
}

export interface SqliteResponse extends SqliteResult {
  id: number;
  error: { code: string; message: string } | null;
}

giveWay();
const connections = new SqliteConnections(workerData as SqliteFile);

parentPort?.on("message", (message: SqliteRequest | "close") => {
  if (message === "close") {
    connections.close();
    parentPort?.close();
    return;
  }
  const { id, eachRow, ...statement } = message;
  const response: SqliteResponse = { id, rows: [], changes: 0, error: null };
  try {
    const rows = eachRow === null ? null : (JSON.parse(eachRow) as unknown[][]);
    Object.assign(response, connections.run({ ...statement, eachRow: rows }));
  } catch (error) {
    response.error = errorOf(error);
  }
  parentPort?.postMessage(response);
});

function errorOf(error: unknown): { code: string; message: string } {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return { code: String(code ?? ""), message: String(message ?? error) };
}
