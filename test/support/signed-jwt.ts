// JWTs made by hand, also such as no library makes: for what attackers send.
import { constants, createHmac, createSign, type KeyObject, sign } from "node:crypto";

export interface JwtParts {
  header: Record<string, unknown>;
  claims: unknown;
}

type Signer = (input: string) => Buffer;

/** Header and claims as they are, with the signature of `signer`; whether `alg` fits it is the test's business. */
export function jwt({ header, claims }: JwtParts, signer: Signer): string {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${signer(input).toString("base64url")}`;
}

/** The third part is empty, as `alg: none` has it. */
export const unsigned: Signer = () => Buffer.alloc(0);

export function hmacSigner(secret: string | Buffer): Signer {
  return (input) => createHmac("sha256", secret).update(input).digest();
}

/** By the key's kind: RS256, ES256 or EdDSA. */
export function keySigner(key: KeyObject): Signer {
  if (key.asymmetricKeyType === "ed25519") return (input) => sign(null, Buffer.from(input), key);
  if (key.asymmetricKeyType === "ec") return (input) => sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" });
  return (input) => createSign("sha256").update(input).sign(key);
}

export function pssSigner(key: KeyObject): Signer {
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  return (input) => sign("sha256", Buffer.from(input), { key, ...padding });
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
