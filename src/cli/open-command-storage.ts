// The database for commands that work on it directly, beside a running server or without one.
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type LoadedConfig, loadConfig } from "../config/load.ts";
import { openStorage } from "../storage/open-storage.ts";
import type { Storage } from "../storage/ports/storage.ts";
import { type CommandIo, configRequest, type SharedOptions } from "./command.ts";

/** Loads the configuration and tells its warnings. */
export function loadForCommand(options: SharedOptions, io: CommandIo): LoadedConfig {
  const loaded = loadConfig(configRequest(options, io));
  for (const warning of loaded.warnings) io.note(`Warning: ${warning}`);
  return loaded;
}

/** Whether there is a database to look at: a PostgreSQL one always, a SQLite one when its file exists. */
export function hasDatabase({ config, dataDir }: LoadedConfig): boolean {
  return config.database.url !== null || existsSync(join(dataDir, "headgate.db"));
}

/** Runs `work` on the configured database and closes it again. */
export async function withStorage<T>({ config, dataDir }: LoadedConfig, work: (storage: Storage) => Promise<T>): Promise<T> {
  if (config.database.url === null) await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const storage = await openStorage({ databaseUrl: config.database.url?.expose() ?? null, dataDir });
  try {
    return await work(storage);
  } finally {
    await storage.close();
  }
}

/** The database in words, without credentials. */
export function databaseInWords({ config, dataDir }: LoadedConfig): string {
  if (config.database.url === null) return `SQLite, ${join(dataDir, "headgate.db")}`;
  const { host, pathname } = new URL(config.database.url.expose());
  return `PostgreSQL, ${host}${pathname}`;
}
