// Who may call a route: finds out who asks, by token or session, and holds them to the policy, before anything of the body is read.
import type { IncomingHttpHeaders } from "node:http";
import type { FastifyRequest } from "fastify";
import { HeadgateError } from "../../../core/errors.ts";
import { type Action, type Reach, type Role, reachOf } from "../../../domain/policy.ts";
import type { SessionRow } from "../../../storage/ports/accounts.ts";
import type { UserRow } from "../../../storage/ports/people.ts";
import { sessionEndMs } from "../../accounts/session.ts";
import { isCsrfToken, sessionDigest } from "../../accounts/session-secret.ts";
import { isStillOffered } from "../../accounts/still-offered.ts";
import type { AdminContext } from "../context.ts";
import type { Actor } from "./actor.ts";
import { sessionSecretOf } from "./session-cookie.ts";

const reading = ["GET", "HEAD", "OPTIONS"];
/** The database learns of a session's use that often. */
const seenEveryMs = 60_000;

/** The hook for every route but those of policy `public`: sets `request.actor` and `request.reach`. */
export function authorize(context: AdminContext) {
  return async (request: FastifyRequest): Promise<void> => {
    const { policy } = request.routeOptions.config;
    if (request.is404 || policy === "public") return;
    const token = bearerToken(request.headers);
    const actor = token === null ? await actorOfSession(context, request) : await actorOfToken(context, token, request);
    request.actor = actor;
    request.reach = policy === "self" || policy === undefined ? "own" : requireReach(actor, policy);
  };
}

/** How far `action` reaches for the actor. Throws 403 `not_allowed`. */
export function requireReach({ role }: Actor, action: Action): Reach {
  const reach = reachOf(role, action);
  if (reach !== null) return reach;
  throw new HeadgateError("not_allowed", { message: `The role '${role}' does not allow this (${action}).` });
}

async function actorOfToken(context: AdminContext, token: string, request: FastifyRequest): Promise<Actor> {
  const answer = context.authenticate(token);
  if (answer === "unknown") throw new HeadgateError("invalid_key");
  if (answer === "expired") throw new HeadgateError("key_expired");
  if (answer === "not_admin") throw new HeadgateError("not_allowed", { message: "This key lacks the scope 'admin'." });
  const address = context.addressOf(request.raw);
  const rest = { sessionId: null, address };
  const ofInstallation = { ...rest, role: "administrator", userId: null, groupIds: [] } as const;
  if (answer.keyId === null) return { ...ofInstallation, kind: "token", id: null, name: "HEADGATE_ADMIN_TOKEN" };
  const { keyId, keyName, userId } = answer;
  if (userId === null) return { ...ofInstallation, kind: "key", id: keyId, name: keyName };
  const user = await context.database().users.get(userId);
  // What a user has lost, a key of theirs does not bring back.
  if (user === null || user.disabled_at !== null) throw new HeadgateError("invalid_key");
  return {
    ...rest,
    kind: "key",
    id: keyId,
    name: keyName,
    role: user.role as Role,
    userId,
    groupIds: await groupIdsOf(context, user),
  };
}

async function actorOfSession(context: AdminContext, request: FastifyRequest): Promise<Actor> {
  const secret = sessionSecretOf(request.headers.cookie, context.isSecure(request.raw));
  if (secret === null) {
    throw new HeadgateError("missing_key", {
      message:
        "Nobody is signed in, and no administrator token was sent. Send one as 'Authorization: Bearer <token>' or 'x-api-key'.",
    });
  }
  const database = context.database();
  const nowMs = context.clock.nowMs();
  const found = await database.sessions.findByDigest(sessionDigest(secret), nowMs);
  if (found === null) throw new HeadgateError("session_ended");
  // Another site's page can send the cookie along, but neither read the token nor hide where it comes from.
  const csrf = request.headers["x-csrf-token"];
  if (!reading.includes(request.method) && !isCsrfToken(typeof csrf === "string" ? csrf : undefined, secret)) {
    throw new HeadgateError("csrf_required");
  }
  const { session, user } = found;
  if (!isStillOffered(context.signIn, session.method, user.source)) throw new HeadgateError("session_ended");
  if (nowMs - session.last_seen_at >= seenEveryMs) await noteUse(context, session, nowMs);
  return {
    kind: "user",
    id: user.id,
    name: user.name,
    role: user.role as Role,
    userId: user.id,
    groupIds: await groupIdsOf(context, user),
    sessionId: session.id,
    address: context.addressOf(request.raw),
  };
}

/** Whoever looks after a database that takes no writes, as of a full disk, has to get in while it does. */
async function noteUse(context: AdminContext, { id, created_at }: SessionRow, nowMs: number): Promise<void> {
  try {
    await context.database().sessions.setLastSeen(id, nowMs, sessionEndMs(created_at, nowMs));
  } catch (error) {
    context.log.debug({ err: error, session: id }, "that a session is used could not be noted");
  }
}

async function groupIdsOf(context: AdminContext, { id }: UserRow): Promise<string[]> {
  return [...new Set((await context.database().groups.groupsOf(id)).map(({ group_id }) => group_id))];
}

/** `Authorization: Bearer` (the scheme in any case, RFC 9110 section 11.1), else `x-api-key`. */
export function bearerToken(headers: IncomingHttpHeaders): string | null {
  const bearer = /^bearer +(\S+)\s*$/i.exec(headers.authorization ?? "");
  if (bearer !== null) return bearer[1] as string;
  const apiKey = headers["x-api-key"];
  return typeof apiKey === "string" && apiKey !== "" ? apiKey : null;
}
