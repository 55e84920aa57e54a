// Who calls: the credential of a request, looked up in the snapshot and among the tokens that are known. No body.
import type { IncomingHttpHeaders } from "node:http";
import { HeadgateError } from "../core/errors.ts";
import { digestApiKey, type Scope } from "../domain/api-key.ts";
import type { Principal } from "./access.ts";
import type { CallerRequest } from "./caller-request.ts";
import type { TokenCallers } from "./identity/token-callers.ts";
import type { Snapshot } from "./snapshot.ts";

const keyHeaders = ["x-api-key", "api-key", "x-goog-api-key"] as const;
const maxKeyLength = 4096;

/** The credentials a request carries, in the order in which they are tried. */
export function presentedCredentials(headers: IncomingHttpHeaders): string[] {
  const found: string[] = [];
  const bearer = headers.authorization;
  if (bearer !== undefined && bearer.length > 7 && bearer.slice(0, 7).toLowerCase() === "bearer ") {
    const token = bearer.slice(7).trim();
    if (token !== "") found.push(token);
  }
  for (const name of keyHeaders) {
    const value = headers[name];
    if (typeof value === "string" && value !== "" && !found.includes(value)) found.push(value);
  }
  return found;
}

/**
 * The principal that a request's credential proves; a promise only for a token that has to be proven first. Throws, or rejects with,
 * 401 `missing_key`, `invalid_key` or `key_expired`, and what TokenCallers.find does. Clients that send two credentials (some SDKs
 * do) are let in when either is good.
 */
export function authenticate(
  snapshot: Snapshot,
  callers: TokenCallers,
  req: CallerRequest,
  nowMs: number,
): Principal | Promise<Principal> {
  const credentials = presentedCredentials(req.headers);
  if (credentials.length === 0) {
    const announced = callers.announcedBy(snapshot, req);
    if (announced !== null) return announced;
    throw new HeadgateError("missing_key");
  }
  let expired = false;
  const others: string[] = [];
  for (const credential of credentials) {
    const found = credential.length > maxKeyLength ? null : keyHolder(snapshot, credential, nowMs);
    if (found === null) others.push(credential);
    else if (found === "expired") expired = true;
    else if (found !== "rotated") return found;
  }
  // A key of ours that no longer holds is still no provider's business: seeded ones may look like anybody's token.
  const proven = callers.find(snapshot, others, req, nowMs);
  if (proven !== null) return proven;
  throw new HeadgateError(expired ? "key_expired" : "invalid_key");
}

/** The principal of one Headgate key; "expired" when it was good once; null when it is unknown. */
export function principalOf(snapshot: Snapshot, credential: string, nowMs: number): Principal | "expired" | null {
  const found = keyHolder(snapshot, credential, nowMs);
  return found === "rotated" ? null : found;
}

/** "rotated": another secret has taken this one's place. */
function keyHolder(snapshot: Snapshot, credential: string, nowMs: number): Principal | "expired" | "rotated" | null {
  const digest = digestApiKey(credential);
  const principal = snapshot.principal(digest);
  const key = principal?.key;
  if (principal === undefined || !key) return null;
  if (key.expiresAtMs !== null && key.expiresAtMs <= nowMs) return "expired";
  if (digest !== key.digest && (key.previousExpiresAtMs ?? 0) <= nowMs) return "rotated";
  return principal;
}

/** Throws 403 `not_allowed` naming the scope that is missing. */
export function requireScope({ scopes }: Pick<Principal, "scopes">, scope: Scope): void {
  if (scopes.includes(scope)) return;
  throw new HeadgateError("not_allowed", {
    message: `This caller does not have the '${scope}' scope, which this request needs. An administrator can give it to a key.`,
  });
}
