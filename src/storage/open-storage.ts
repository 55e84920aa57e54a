// Picks the storage engine that the configuration asks for.
import { join } from "node:path";
import type { Storage } from "./port.ts";
import { openPostgres } from "./postgres.ts";
import { openSqlite } from "./sqlite.ts";

export interface StorageOptions {
  databaseUrl: string | null;
  dataDir: string;
  /** For a thread of its own, which moves no bytes: SQLite then runs on it instead of on yet another one. */
  inline?: boolean;
}

/** PostgreSQL when there is a URL, else `headgate.db` in the data directory, which must exist. Neither connects nor migrates. */
export function openStorage({ databaseUrl, dataDir, inline = false }: StorageOptions): Promise<Storage> {
  return databaseUrl === null
    ? openSqlite({ path: join(dataDir, "headgate.db"), inline })
    : openPostgres({ url: databaseUrl, ...(inline ? { maxConnections: 2 } : {}) });
}
