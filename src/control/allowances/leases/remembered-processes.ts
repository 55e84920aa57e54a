// How many processes shared the allowances, on disk: a start while the authority is away has to take no more than its share.
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "../../../core/logger.ts";

export const rememberedFileName = "processes.json";

export class RememberedProcesses {
  readonly #path: string;
  readonly #log: Logger;
  #count: number;
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, log: Logger, count: number) {
    this.#path = path;
    this.#log = log;
    this.#count = count;
  }

  static async read(dataDir: string, log: Logger): Promise<RememberedProcesses> {
    const path = join(dataDir, rememberedFileName);
    try {
      const { processes } = JSON.parse(await readFile(path, "utf8")) as { processes: unknown };
      return new RememberedProcesses(path, log, Number.isSafeInteger(processes) ? Math.max(1, processes as number) : 1);
    } catch {
      // There is none, or none that can be read: it is written anew with the next change.
      return new RememberedProcesses(path, log, 1);
    }
  }

  get count(): number {
    return this.#count;
  }

  set(count: number): void {
    if (count === this.#count) return;
    this.#count = count;
    this.#writing = this.#writing.then(() => this.#write(count));
  }

  /** Settles when the last change is on disk. */
  get written(): Promise<void> {
    return this.#writing;
  }

  async #write(count: number): Promise<void> {
    try {
      await writeFile(`${this.#path}.new`, JSON.stringify({ processes: count }), { mode: 0o600 });
      await rename(`${this.#path}.new`, this.#path);
    } catch (error) {
      this.#log.warn({ err: error }, "the number of processes can't be kept in the data directory");
    }
  }
}
