// Picks the storage engine that the configuration asks for.
import type { Storage } from "./ports/storage.ts";
import { openSqlite } from "./sqlite.ts";
import { sqlitePath } from "./sqlite-path.ts";

export interface StorageOptions {
  databaseUrl: string | null;
  dataDir: string;
}

/** PostgreSQL when there is a URL, else SQLite in the data directory, which must exist. Neither connects nor migrates. */
export async function openStorage({ databaseUrl, dataDir }: StorageOptions): Promise<Storage> {
  if (databaseUrl === null) return openSqlite({ path: sqlitePath(dataDir) });
  // Whoever uses SQLite does not pay for PostgreSQL's client: 10 MB.
  const { openPostgres } = await import("./postgres.ts");
  return openPostgres({ url: databaseUrl });
}
