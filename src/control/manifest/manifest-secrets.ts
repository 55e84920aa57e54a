// What a manifest is fetched with and what its entries' keys are: in the configuration's memory, or encrypted in the row.
import type { Cipher } from "../../core/cipher.ts";
import { Secret } from "../../core/secret.ts";
import type { ManifestSeed } from "../../domain/seeds.ts";
import type { ManifestRow } from "../../storage/ports/manifests.ts";

export interface ManifestSecrets {
  /** Lower-case names. */
  headers: Readonly<Record<string, Secret>>;
  /** `endpoint_id` → the provider's key. */
  tokens: ReadonlyMap<string, Secret>;
}

type Part = "headers" | "tokens";

/** The context that a stored part is bound to. */
export function manifestContext(manifestId: string, part: Part): string {
  return `manifest:${manifestId}:${part}`;
}

/** Null for an empty map: there is nothing to hide. */
export function encryptPart(
  cipher: Cipher,
  manifestId: string,
  part: Part,
  values: Readonly<Record<string, string>>,
): string | null {
  return Object.keys(values).length === 0 ? null : cipher.encrypt(JSON.stringify(values), manifestContext(manifestId, part));
}

/** Throws WrongSecretKey or DamagedCiphertext. */
export function secretsOf(row: ManifestRow, seeds: readonly ManifestSeed[], cipher: Cipher): ManifestSecrets {
  if (row.origin !== "admin") {
    const seed = seeds.find(({ name }) => name === row.name);
    return { headers: seed?.headers ?? {}, tokens: seed?.tokens ?? new Map() };
  }
  const decrypted = (text: string | null, part: Part): [string, Secret][] => {
    if (text === null) return [];
    const values = JSON.parse(cipher.decrypt(text, manifestContext(row.id, part))) as Record<string, string>;
    return Object.entries(values).map(([name, value]) => [name, new Secret(value)]);
  };
  return {
    headers: Object.fromEntries(decrypted(row.headers_ciphertext, "headers")),
    tokens: new Map(decrypted(row.tokens_ciphertext, "tokens")),
  };
}
