// Tells JWTs from opaque tokens and reads whose they claim to be: only to choose whom to ask, never as a proof.
import { decodeJwt, decodeProtectedHeader } from "jose";

/** `issuer` is the token's own word, null when it names none. Null: the token is opaque. */
export function unverifiedIssuer(token: string): { issuer: string | null } | null {
  // Asked on every call, of opaque tokens mostly: an error thrown for each of them would take longer than all else about the caller.
  if (token.split(".", 4).length !== 3) return null;
  try {
    decodeProtectedHeader(token);
    const { iss } = decodeJwt(token);
    return { issuer: typeof iss === "string" ? iss : null };
  } catch {
    return null;
  }
}
