// Brings a change of the secret key file to its end that a crash cut off.
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { readSecretKeyFile, replaceSecretKeyFile, secretKeyPath } from "../config/secret-key.ts";
import { secretKeyIdMeta } from "../control/secret-key-id.ts";
import { Cipher } from "../core/cipher.ts";
import type { Storage } from "../storage/ports/storage.ts";

/** Where the next key waits while the database is changed to it. */
export function nextSecretKeyPath(dataDir: string): string {
  return `${secretKeyPath(dataDir)}.new`;
}

/** Whether a change was cut off. Only the holder of the data directory's lock may then finish it. */
export function hasUnfinishedRotation(dataDir: string): boolean {
  return existsSync(nextSecretKeyPath(dataDir));
}

/**
 * The database knows under which key it is encrypted: the waiting key takes its place when it is that one, and is
 * removed when the present one is. When neither fits, both stay, for a person to sort out.
 */
export async function finishRotation(storage: Storage, dataDir: string): Promise<void> {
  if (!hasUnfinishedRotation(dataDir)) return;
  const storedKeyId = await storage.meta.get(secretKeyIdMeta);
  const nextPath = nextSecretKeyPath(dataDir);
  if (storedKeyId !== null && storedKeyId === keyIdOf(nextPath)) replaceSecretKeyFile(nextPath, secretKeyPath(dataDir));
  else if (storedKeyId === null || storedKeyId === keyIdOf(secretKeyPath(dataDir))) await rm(nextPath);
}

/** Null for a file that is missing or holds no whole key: a crash may have cut its writing off. */
function keyIdOf(path: string): string | null {
  try {
    const key = readSecretKeyFile(path);
    return key === null ? null : new Cipher(key).keyId;
  } catch {
    return null;
  }
}
