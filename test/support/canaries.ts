// Secrets made to be looked for: whether one of them, or half of one, in any usual encoding, got where it must not be.
import { randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

interface Needle {
  name: string;
  bytes: Buffer;
}

export class Canaries {
  readonly #needles: Needle[] = [];

  /** A new secret. It has no form that a log could know keys by: what keeps it out must not be a pattern. */
  create(name: string): string {
    const random = randomBytes(20).toString("hex");
    this.watch(name, random);
    return `${name}-${random}`;
  }

  /** Looks for a secret made elsewhere, too; `secret` without its public parts. */
  watch(name: string, secret: string): void {
    const half = secret.length >> 1;
    const add = (form: string, text: string) => this.#needles.push({ name: `${name} (${form})`, bytes: Buffer.from(text) });
    add("first half", secret.slice(0, half));
    add("second half", secret.slice(half));
    add("hex", Buffer.from(secret).toString("hex"));
    for (const [index, text] of base64Forms(secret).entries()) add(`base64 ${index}`, text);
  }

  /** The names of those found in `haystack`; the haystack as text or bytes. */
  foundIn(haystack: string | Buffer): string[] {
    const bytes = Buffer.from(haystack as string);
    return this.#needles.filter((needle) => bytes.includes(needle.bytes)).map(({ name }) => name);
  }

  /** The same for every file of a folder and the folders in it: `path: name`. While a process works there, some may go meanwhile. */
  async foundInFiles(folder: string): Promise<string[]> {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const found: string[] = [];
    for (const entry of entries) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") throw error;
        return Buffer.alloc(0);
      });
      found.push(...this.foundIn(bytes).map((name) => `${path}: ${name}`));
    }
    return found;
  }
}

/** What base64 makes of the secret wherever it stands in the encoded text: the characters that its neighbours can't change. */
function base64Forms(secret: string): string[] {
  return [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]).toString("base64");
    const end = Math.floor(((offset + secret.length) * 8) / 6);
    return encoded.slice(Math.ceil((offset * 8) / 6), end);
  });
}
