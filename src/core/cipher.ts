// Encryption of what must not lie in the database or on disk as plain text: AES-256-GCM under a key derived from the secret key.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { Secret } from "./secret.ts";

const ivBytes = 12;
const tagBytes = 16;

/** The text was encrypted under another secret key than the one at hand. */
export class WrongSecretKey extends Error {
  /** Id of the key that the text needs. */
  readonly neededKeyId: string;
  readonly presentKeyId: string;

  constructor(neededKeyId: string, presentKeyId: string) {
    super(`encrypted with secret key ${neededKeyId}, but the secret key here is ${presentKeyId}`);
    this.name = "WrongSecretKey";
    this.neededKeyId = neededKeyId;
    this.presentKeyId = presentKeyId;
  }
}

/** The text is not what `encrypt` returned for this context: changed, cut, moved from elsewhere, or never ours. */
export class DamagedCiphertext extends Error {
  constructor(message: string) {
    super(message);
    this.name = "DamagedCiphertext";
  }
}

/**
 * Encrypts and decrypts short texts. The text form is `v1.<key id>.<iv>.<ciphertext and tag>`, the last two in
 * base64url. `context` (for example `endpoint:<id>:api_key`) is authenticated but not stored: a ciphertext copied to
 * another place does not decrypt there.
 */
export class Cipher {
  /** 8 hex digits that tell secret keys apart and give nothing of them away. */
  readonly keyId: string;
  readonly #key: Buffer;

  constructor(secretKey: Secret | string) {
    const text = secretKey instanceof Secret ? secretKey.expose() : secretKey;
    // HKDF (RFC 5869): independent outputs for the key and its id, so that the id says nothing about the key.
    this.#key = Buffer.from(hkdfSync("sha256", text, "", "headgate aes-256-gcm v1", 32));
    this.keyId = Buffer.from(hkdfSync("sha256", text, "", "headgate key id v1", 4)).toString("hex");
  }

  encrypt(plain: string, context: string): string {
    const iv = randomBytes(ivBytes);
    const cipher = createCipheriv("aes-256-gcm", this.#key, iv, { authTagLength: tagBytes });
    cipher.setAAD(Buffer.from(context));
    const sealed = Buffer.concat([cipher.update(plain, "utf8"), cipher.final(), cipher.getAuthTag()]);
    return `v1.${this.keyId}.${iv.toString("base64url")}.${sealed.toString("base64url")}`;
  }

  /** The plain text again. Throws WrongSecretKey or DamagedCiphertext; neither message holds any of the text. */
  decrypt(text: string, context: string): string {
    const [version, keyId, ivText, sealedText, ...rest] = text.split(".");
    if (version !== "v1" || keyId === undefined || ivText === undefined || sealedText === undefined || rest.length > 0) {
      throw new DamagedCiphertext("not a ciphertext of Headgate");
    }
    if (keyId !== this.keyId) throw new WrongSecretKey(keyId, this.keyId);
    const iv = fromBase64Url(ivText);
    const sealed = fromBase64Url(sealedText);
    if (iv === null || sealed === null || iv.length !== ivBytes || sealed.length < tagBytes) {
      throw new DamagedCiphertext("not a ciphertext of Headgate");
    }
    const decipher = createDecipheriv("aes-256-gcm", this.#key, iv, { authTagLength: tagBytes });
    decipher.setAAD(Buffer.from(context));
    decipher.setAuthTag(sealed.subarray(-tagBytes));
    try {
      const plain = Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()]);
      return plain.toString("utf8");
    } catch {
      throw new DamagedCiphertext(`the ciphertext for '${context}' was changed or belongs elsewhere`);
    }
  }
}

/** Null unless `text` is the one canonical encoding of its bytes: Buffer.from alone skips over foreign characters. */
function fromBase64Url(text: string): Buffer | null {
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : null;
}
