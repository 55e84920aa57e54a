// Picks the storage engine that the configuration asks for.
import { join } from "node:path";
import type { Storage } from "./port.ts";
import { openPostgres } from "./postgres.ts";
import { openSqlite } from "./sqlite.ts";

/** PostgreSQL when there is a URL, else `headgate.db` in the data directory, which must exist. Neither connects nor migrates. */
export function openStorage({ databaseUrl, dataDir }: { databaseUrl: string | null; dataDir: string }): Promise<Storage> {
  return databaseUrl === null ? openSqlite({ path: join(dataDir, "headgate.db") }) : openPostgres({ url: databaseUrl });
}
