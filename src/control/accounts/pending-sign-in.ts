// What Headgate has to remember while somebody is away at an OpenID provider: in a cookie of theirs, encrypted, so that none of it is kept here.
import type { Cipher } from "../../core/cipher.ts";
import { cookieValue } from "./cookie-value.ts";

export interface PendingSignIn {
  state: string;
  nonce: string;
  /** Of PKCE. */
  verifier: string;
  redirectUri: string;
  /** As `returnPath` makes it. */
  returnTo: string;
}

export const pendingSeconds = 600;

const plainName = "headgate_sign_in";
const secureName = "__Host-headgate_sign_in";

/** A `set-cookie` value; null takes the cookie back. `provider`: another one's callback can't use it. */
export function pendingCookie(
  pending: PendingSignIn | null,
  { cipher, provider, isSecure, nowMs }: { cipher: Cipher; provider: string; isSecure: boolean; nowMs: number },
): string {
  const content = pending === null ? "" : JSON.stringify({ ...pending, endsAtMs: nowMs + pendingSeconds * 1000 });
  const value = pending === null ? "" : cipher.encrypt(content, contextOf(provider));
  const age = pending === null ? 0 : pendingSeconds;
  const name = isSecure ? secureName : plainName;
  // Lax: the provider sends the browser back from another site.
  return `${name}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${age}${isSecure ? "; Secure" : ""}`;
}

/** Null: there is none, it was not made here for this provider, or it is too old. */
export function pendingOf(
  header: string | undefined,
  { cipher, provider, isSecure, nowMs }: { cipher: Cipher; provider: string; isSecure: boolean; nowMs: number },
): PendingSignIn | null {
  const value = cookieValue(header, isSecure ? secureName : plainName);
  if (value === null) return null;
  try {
    const { endsAtMs, ...pending } = JSON.parse(cipher.decrypt(value, contextOf(provider)));
    return endsAtMs > nowMs ? pending : null;
  } catch {
    return null;
  }
}

function contextOf(provider: string): string {
  return `sign-in:${provider}`;
}
