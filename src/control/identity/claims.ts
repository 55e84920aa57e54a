// Reads what providers say of a caller: untrusted JSON, in which anything may be missing or of another type.
import type { ExternalGroup } from "../../domain/identity.ts";

export type Claims = Readonly<Record<string, unknown>>;

/** Longer than any name; such texts end up in rows, headers and the log. */
const textLengthMax = 1024;

/** The value if it is an object, else an empty one. */
export function asRecord(value: unknown): Claims {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Claims) : {};
}

/** The value if it is a text that can be a name or an id, else null: one that no database takes, or takes as another, is none. */
export function asText(value: unknown): string | null {
  if (typeof value !== "string" || value === "" || value.length > textLengthMax) return null;
  return value.includes("\0") || /\p{Cs}/u.test(value) ? null : value;
}

/** The claim of that very name, else what the name leads to as a path: `realm_access.roles`. */
function claimAt(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: unknown = claims;
  for (const part of path.split(".")) {
    const within = asRecord(value);
    value = Object.hasOwn(within, part) ? within[part] : undefined;
  }
  return value;
}

export function textClaim(claims: Claims, path: string): string | null {
  return asText(claimAt(claims, path));
}

/** The texts of a claim that is a list of them, or one. Missing: none, so that losing the last group takes effect. */
export function groupsClaim(claims: Claims, path: string): ExternalGroup[] {
  const names = new Set(listOf(claimAt(claims, path)));
  return [...names].map((name) => ({ externalId: name, name }));
}

/** Whether `aud` has one of these. */
export function hasAudience(claims: Claims, audiences: readonly string[]): boolean {
  return listOf(claims.aud).some((audience) => audiences.includes(audience));
}

/** An address that the provider says is not verified may be somebody else's. */
export function emailOf(claims: Claims): string | null {
  return claims.email_verified === false || claims.email_verified === "false" ? null : asText(claims.email);
}

/** Seconds since the epoch in ms, of a size that stays exact. */
export function secondsToMs(seconds: number): number {
  return Math.min(seconds * 1000, Number.MAX_SAFE_INTEGER);
}

function listOf(value: unknown): string[] {
  const list = Array.isArray(value) ? value : [value];
  return list.map(asText).filter((text) => text !== null);
}
