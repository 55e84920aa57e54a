// `headgate backup`: a consistent copy of the SQLite database while it is in use. The secret key is never in it.
import { mkdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { secretKeyPath } from "../config/secret-key.ts";
import { recordBackup } from "../control/last-backup.ts";
import type { Storage } from "../storage/ports/storage.ts";
import { CommandFailed, type CommandIo, type SharedOptions } from "./command.ts";
import { describeFailure } from "./describe-failure.ts";
import { hasDatabase, loadForCommand, withStorage } from "./open-command-storage.ts";

export interface BackupOptions extends SharedOptions {
  /** The file to write; must not exist. Default: in `backups` in the data directory. */
  to?: string | undefined;
}

export async function backup(options: BackupOptions, io: CommandIo): Promise<void> {
  const loaded = loadForCommand(options, io);
  const { config, dataDir, envSecretKey } = loaded;
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  if (config.database.url !== null) {
    throw new CommandFailed(
      "Headgate's data is in PostgreSQL, whose own tool makes the backup. Run:\n" +
        `  pg_dump --format=custom --file=headgate-${time}.dump '${urlWithoutPassword(config.database.url.expose())}'\n` +
        "pg_dump asks for the password, or takes it from PGPASSWORD or ~/.pgpass. Keep HEADGATE_SECRET_KEY too, elsewhere.",
    );
  }
  if (!hasDatabase(loaded)) throw new CommandFailed(`There is no database in ${dataDir} yet.`);
  const target = options.to === undefined ? join(dataDir, "backups", `headgate-${time}.db`) : resolve(io.cwd ?? ".", options.to);
  await withStorage(loaded, (storage) => recorded(storage, target, io));
  io.print(target);
  const key = envSecretKey === null ? secretKeyPath(dataDir) : "HEADGATE_SECRET_KEY";
  io.note(`The secret key (${key}) is not in the backup: keep a copy of it elsewhere. Without it the providers' keys are lost.`);
}

/** Whether it went well or not, the running Headgate is to show it. */
async function recorded(storage: Storage, file: string, io: CommandIo): Promise<void> {
  const atMs = Date.now();
  const record = async (bytes: number, error: string | null) => {
    try {
      await recordBackup(storage.meta, { atMs, file, bytes, durationMs: Date.now() - atMs, error });
    } catch {
      io.note("The System page will not know of this run: it could not be written down in the database.");
    }
  };
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await storage.backup(file);
  } catch (error) {
    await record(0, describeFailure(error));
    throw error;
  }
  await record((await stat(file)).size, null);
}

/** User, host and database name: what pg_dump needs and anyone may see. */
function urlWithoutPassword(text: string): string {
  const url = new URL(text);
  const sslMode = url.searchParams.get("sslmode");
  url.password = "";
  url.search = sslMode === null ? "" : `?sslmode=${encodeURIComponent(sslMode)}`;
  url.hash = "";
  return url.href.replaceAll("'", "%27");
}
