// Where the secret key comes from: the environment, else a file in the data directory that is made once.
import { randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { Secret } from "../core/secret.ts";
import { ConfigError } from "./config-error.ts";

export interface SecretKeyRequest {
  /** HEADGATE_SECRET_KEY, checked. */
  envKey: Secret | null;
  /** Made if it is not there. */
  dataDir: string;
  /** True with PostgreSQL: every process needs the same key, and a file of one machine can't be that. */
  required: boolean;
  /** Told what is odd but no reason to stop. */
  warn?: (message: string) => void;
}

/** The key's file in the data directory. */
export function secretKeyPath(dataDir: string): string {
  return join(dataDir, "secret.key");
}

/**
 * The key that encrypts what is stored. Without one in the environment it is read from `<dataDir>/secret.key`, made
 * there (mode 0600) at the first start. Throws ConfigError when it is required and missing, or can't be read or written.
 */
export function loadSecretKey({ envKey, dataDir, required, warn = () => {} }: SecretKeyRequest): Secret {
  if (envKey !== null) return envKey;
  if (required) {
    throw new ConfigError([
      "HEADGATE_SECRET_KEY is required with PostgreSQL: every Headgate on that database has to decrypt the same provider keys, " +
        "so their key can't be a file on one machine. `openssl rand -hex 32` makes one; keep it, the provider keys are lost without it",
    ]);
  }
  const path = secretKeyPath(dataDir);
  try {
    const existing = readSecretKeyFile(path);
    if (existing !== null) {
      const mode = statSync(path).mode & 0o777;
      if ((mode & 0o077) !== 0)
        warn(`${path} can be read by other users of this machine (mode ${mode.toString(8)}): chmod 600 it`);
      return existing;
    }
    createDataDir(dataDir);
    // Written aside and linked into place: a crash leaves no half key, and of two first starts one key wins.
    const draft = `${path}.${process.pid}.tmp`;
    writeDurably(draft, randomBytes(32).toString("hex"));
    try {
      linkSync(draft, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    } finally {
      rmSync(draft);
    }
    syncDirectory(dataDir);
    return readSecretKeyFile(path) as Secret;
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError([`${path} can't be read or made (${(error as NodeJS.ErrnoException).code ?? "unknown error"})`]);
  }
}

/** The key in a file; null when there is no such file. Throws ConfigError when what it holds can't be a key. */
export function readSecretKeyFile(path: string): Secret | null {
  let text: string;
  try {
    text = readFileSync(path, "utf8").trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  if (text.length < 32)
    throw new ConfigError([`${path} holds fewer than 32 characters: it is damaged; restore it from your backup`]);
  return new Secret(text);
}

/** Writes a key to a file of mode 0600 that must not be there yet, and waits until it is on the disk. */
export function writeSecretKeyFile(path: string, key: Secret): void {
  writeDurably(path, key.expose());
  syncDirectory(dirname(path));
}

/** Renames a key's file over another one; after a crash either the old or the new file is there, whole. */
export function replaceSecretKeyFile(from: string, to: string): void {
  renameSync(from, to);
  syncDirectory(dirname(to));
}

function createDataDir(dataDir: string): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
}

function writeDurably(path: string, text: string): void {
  const file = openSync(path, "wx", 0o600);
  try {
    writeSync(file, `${text}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A new name is only safe from a power cut once its directory is on the disk too. */
function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
