// The cookie of a browser's session. Behind TLS its name makes browsers hold it to this host, this path and TLS.

import { cookieValue } from "../../accounts/cookie-value.ts";

const plainName = "headgate_session";
const secureName = "__Host-headgate_session";

/** The secret in the `cookie` header; null: there is none. `isSecure`: the browser speaks TLS, to us or to a proxy in front. */
export function sessionSecretOf(header: string | undefined, isSecure: boolean): string | null {
  return cookieValue(header, isSecure ? secureName : plainName);
}

/** A `set-cookie` value; `secret` null takes the cookie back. */
export function sessionCookie(
  secret: string | null,
  { isSecure, maxAgeSeconds }: { isSecure: boolean; maxAgeSeconds: number },
): string {
  const name = isSecure ? secureName : plainName;
  const age = secret === null ? 0 : maxAgeSeconds;
  return `${name}=${secret ?? ""}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${age}${isSecure ? "; Secure" : ""}`;
}
