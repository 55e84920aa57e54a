// Ties a database to the secret key that its credentials are encrypted with.
import type { Cipher } from "../core/cipher.ts";
import type { Storage } from "../storage/ports/storage.ts";

export const secretKeyIdMeta = "secret_key_id";

/** Thrown at start: going on would make every stored credential unreadable. */
export class SecretKeyMismatch extends Error {
  constructor(stored: string, given: string) {
    super(
      `The secret key does not fit this database: its credentials are encrypted with key ${stored}, the key given is ${given}. ` +
        "Start with the key that was in use (HEADGATE_SECRET_KEY, or secret.key in the data directory); 'headgate rotate-secret' changes it.",
    );
    this.name = "SecretKeyMismatch";
  }
}

/** Records the key's id in a new database; throws SecretKeyMismatch when an old one has another. */
export async function checkSecretKeyId(storage: Storage, cipher: Cipher): Promise<void> {
  if (await storage.meta.claim(secretKeyIdMeta, cipher.keyId)) return;
  const stored = (await storage.meta.get(secretKeyIdMeta)) ?? "";
  if (stored !== cipher.keyId) throw new SecretKeyMismatch(stored, cipher.keyId);
}
