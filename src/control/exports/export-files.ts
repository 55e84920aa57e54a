// The files of exports: `exports/<id>` in the data directory, for its owner's eyes only.

import type { FileHandle } from "node:fs/promises";
import { mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

export class ExportFiles {
  readonly #dir: string;

  constructor(dataDir: string) {
    this.#dir = join(dataDir, "exports");
  }

  /** An empty one. */
  async create(id: string): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    await (await open(this.#path(id), "wx", 0o600)).close();
  }

  /** From its beginning; one that is not there is not made: whoever took it away has no use for it. */
  async openToWrite(id: string): Promise<FileHandle> {
    const handle = await open(this.#path(id), "r+");
    await handle.truncate(0);
    return handle;
  }

  /** Null: there is none. */
  async openToRead(id: string): Promise<FileHandle | null> {
    try {
      return await open(this.#path(id), "r");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
      throw error;
    }
  }

  /** One that is being read stays until its readers are done. */
  async remove(id: string): Promise<void> {
    await rm(this.#path(id), { force: true });
  }

  async ids(): Promise<Set<string>> {
    try {
      return new Set(await readdir(this.#dir));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return new Set();
      throw error;
    }
  }

  /** Ids are made here and looked up in the database first; none leads out of the folder. */
  #path(id: string): string {
    if (!/^exp_[\w-]+$/.test(id)) throw new Error("not the id of an export");
    return join(this.#dir, id);
  }
}
