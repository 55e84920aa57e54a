// `headgate import-spool`: brings the usage that a Headgate which is gone for good has left in its data directory into the database.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { LedgerWriter } from "../control/ledger/ledger-writer.ts";
import { LiveProcesses } from "../control/ledger/live-processes.ts";
import { systemClock } from "../core/clock.ts";
import { lockDataDir } from "../storage/data-dir-lock.ts";
import { CommandFailed, type CommandIo, type SharedOptions } from "./command.ts";
import { databaseInWords, hasDatabase, loadForCommand, withStorage } from "./open-command-storage.ts";

export interface ImportSpoolOptions extends SharedOptions {
  /** The data directory that was left behind. */
  from: string;
}

/** Records that are in the database already change nothing there: whatever is interrupted can be done again. */
export async function importSpool(options: ImportSpoolOptions, io: CommandIo): Promise<void> {
  const loaded = loadForCommand(options, io);
  const from = resolve(io.cwd ?? ".", options.from);
  const dir = join(from, "spool");
  if (!existsSync(dir))
    throw new CommandFailed(`There is no spool in ${from}: name the data directory of the Headgate that is gone.`);
  if (!hasDatabase(loaded)) throw new CommandFailed(`There is no database in ${loaded.dataDir} yet.`);
  // Throws while its Headgate lives, which writes its usage itself.
  const lock = await lockDataDir(from);
  try {
    await withStorage(loaded, async (storage) => {
      if ((await storage.pendingMigrations()).length > 0) {
        throw new CommandFailed(
          "The database is of an older version of Headgate: start this one first, which brings it up to date.",
        );
      }
      const note = (fields: object, message: string) => io.note(`${message} ${JSON.stringify(fields)}`);
      const log = { debug: () => {}, info: () => {}, warn: note, error: note };
      const writer = new LedgerWriter({
        dir,
        live: new LiveProcesses([]),
        ledger: () => storage.ledger,
        clock: systemClock,
        log,
      });
      const isDone = await writer.catchUp();
      await writer.stop();
      if (!isDone)
        throw new CommandFailed(`Not all of it could be written: ${writer.failure?.message ?? "see above"}. Do it again.`);
      io.print(`${writer.ingestedBytes} bytes of usage are in the database (${databaseInWords(loaded)}).`);
    });
  } finally {
    await lock.release();
  }
}
