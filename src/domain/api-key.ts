// Headgate keys: their form, their digest, their scopes.
import { hash, randomBytes } from "node:crypto";

export const scopes = ["inference", "passthrough", "admin"] as const;
export type Scope = (typeof scopes)[number];

/** Whether anybody may give it to a key of theirs; the others only administrators give. */
export function isGrantable(scope: Scope): boolean {
  return scope === "inference";
}

const alphabet = "abcdefghijkmnpqrstuvwxyz23456789"; // 32 characters, none that reads like another

function randomText(length: number): string {
  let text = "";
  for (const byte of randomBytes(length)) text += alphabet[byte & 31];
  return text;
}

/** A new key `sk-hg-<public id>-<secret>` (200 bits of secret) and its public prefix, by which people tell keys apart. */
export function newApiKey(): { key: string; prefix: string } {
  const prefix = `sk-hg-${randomText(10)}`;
  return { key: `${prefix}-${randomText(40)}`, prefix };
}

/**
 * SHA-256 of the whole key, hex. Generated keys carry 200 random bits, so a fast digest is enough: there is nothing to
 * guess from it. Seeded keys are the administrator's choice, at least 16 characters.
 */
export function digestApiKey(key: string): string {
  return hash("sha256", key, "hex");
}
