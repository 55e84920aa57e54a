// Who may read /metrics, where they have no port of their own: what belongs to the installation, with full rights.
import { HeadgateError } from "../../../core/errors.ts";
import type { AuthenticatedToken } from "../context.ts";

/** Throws HeadgateError missing_key, invalid_key, key_expired or not_allowed. `token` undefined: none was sent. */
export function authorizeMetrics(token: string | undefined, authenticate: (token: string) => AuthenticatedToken): void {
  if (token === undefined) throw new HeadgateError("missing_key");
  const verdict = authenticate(token);
  if (verdict === "unknown") throw new HeadgateError("invalid_key");
  if (verdict === "expired") throw new HeadgateError("key_expired");
  // What a user's key may do depends on the user's role, which only the database knows: metrics are there without it.
  if (verdict === "not_admin" || (verdict.keyId !== null && verdict.userId !== null)) {
    throw new HeadgateError("not_allowed", { message: "Metrics need a key with the 'admin' scope that is no user's." });
  }
}
