// What was spent of each budget, on disk: for a start while the database is away.
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock, Timer } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";

export const checkpointFileName = "allowances.json";
const format = 1;
const writeEveryMs = 5000;

export interface CheckpointFileOptions {
  dataDir: string;
  clock: Clock;
  log: Logger;
}

export class CheckpointFile {
  readonly #options: CheckpointFileOptions;
  readonly #path: string;
  #written = "";
  #timer: Timer | null = null;
  #content: (() => Iterable<[name: string, nanoUsd: number]>) | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: CheckpointFileOptions) {
    this.#options = options;
    this.#path = join(options.dataDir, checkpointFileName);
  }

  /** By account; empty when there is none, or none that can be read. */
  async read(): Promise<Map<string, number>> {
    try {
      const { version, accounts } = JSON.parse(await readFile(this.#path, "utf8")) as { version: number; accounts: unknown };
      if (version !== format || typeof accounts !== "object" || accounts === null) return new Map();
      return new Map(Object.entries(accounts).filter(([, nanoUsd]) => Number.isSafeInteger(nanoUsd) && nanoUsd >= 0));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
        this.#options.log.warn({ err: error }, "what was spent of budgets can't be read from the data directory");
      }
      return new Map();
    }
  }

  /** Writes every few seconds, where something has changed. */
  start(content: () => Iterable<[name: string, nanoUsd: number]>): void {
    this.#content = content;
    const again = () => {
      this.#timer = this.#options.clock.after(writeEveryMs, again);
      this.#write();
    };
    this.#timer = this.#options.clock.after(writeEveryMs, again);
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#write();
    await this.#writing;
  }

  #write(): void {
    if (this.#content === null) return;
    const text = JSON.stringify({ version: format, accounts: Object.fromEntries(this.#content()) });
    if (text === this.#written) return;
    this.#written = text;
    this.#writing = this.#writing.then(async () => {
      try {
        await writeFile(`${this.#path}.new`, text, { mode: 0o600, flush: true });
        await rename(`${this.#path}.new`, this.#path);
      } catch (error) {
        this.#written = "";
        this.#options.log.warn({ err: error }, "what was spent of budgets can't be written to the data directory");
      }
    });
  }
}
