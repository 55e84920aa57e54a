// The end of every sign-in: the cookie of the new session, and the end of the one that the browser had.
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Asked, SignedIn } from "../../accounts/accounts.ts";
import { longestSessionMs } from "../../accounts/session.ts";
import { csrfToken, sessionDigest } from "../../accounts/session-secret.ts";
import type { Actor } from "../authorize/actor.ts";
import { sessionCookie, sessionSecretOf } from "../authorize/session-cookie.ts";
import type { AdminContext } from "../context.ts";
import { presentWhoami } from "../system/present.ts";

/** Where a request comes from. */
export function askedBy({ addressOf }: AdminContext, request: FastifyRequest): Asked {
  return { address: addressOf(request.raw), userAgent: request.headers["user-agent"], requestId: request.id };
}

/** Sets the cookie. What the browser has held until now is good no longer. */
export async function handOver(
  context: AdminContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { session }: SignedIn,
): Promise<void> {
  const isSecure = context.isSecure(request.raw);
  const before = sessionSecretOf(request.headers.cookie, isSecure);
  const database = context.database();
  const former = before === null ? null : await database.sessions.findByDigest(sessionDigest(before), context.clock.nowMs());
  if (former !== null) await database.sessions.delete(former.session.id);
  reply.header("set-cookie", sessionCookie(session.secret, { isSecure, maxAgeSeconds: longestSessionMs / 1000 }));
  context.events.publish("sessions");
}

/** What `GET /whoami` is going to say. */
export function whoamiOf({ user, session }: SignedIn) {
  const actor: Actor = {
    kind: "user",
    id: user.id,
    name: user.name,
    role: user.role as Actor["role"],
    userId: user.id,
    groupIds: [],
    sessionId: session.row.id,
    address: session.row.address,
  };
  return presentWhoami(actor, null, csrfToken(session.secret));
}
