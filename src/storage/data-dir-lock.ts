// One process per data directory: two would write the same spool and the same database.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { InlineSqlite } from "./inline-sqlite.ts";
import { StorageUnavailable } from "./ports/errors.ts";

export class DataDirInUse extends Error {
  constructor(dataDir: string) {
    super(
      `The data directory ${dataDir} is in use by another Headgate process. Stop that one, or start this one with another --data-dir.`,
    );
    this.name = "DataDirInUse";
  }
}

export interface DataDirLock {
  release(): Promise<void>;
}

/**
 * Makes the directory (mode 0700) when it is absent, and holds it until `release` or the death of the process, however it dies.
 * The lock is SQLite's on a file of its own, held by the operating system: no stale file to clear, no process id to misread in a
 * container. Throws DataDirInUse when another process, or this one, holds it for longer than `waitMs` from now.
 */
export async function lockDataDir(dataDir: string, waitMs = 0): Promise<DataDirLock> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  // Two small statements before anything else runs: no reason for a thread, which would stay for as long as the lock.
  const client = new InlineSqlite({ path: join(dataDir, "lock.db"), busyTimeoutMs: waitMs, journal: "delete" });
  try {
    await client.run("writer", "begin exclusive");
  } catch (error) {
    await client.close();
    if (error instanceof StorageUnavailable && /database is locked/.test(error.message)) throw new DataDirInUse(dataDir);
    throw error;
  }
  return { release: () => client.close() };
}
