// Whether whoever asked some time ago would still be let in, as the same person in the same role.
import type { FastifyRequest } from "fastify";
import type { AdminContext } from "../context.ts";
import type { Actor } from "./actor.ts";
import { bearerToken } from "./authorize.ts";

type Context = Pick<AdminContext, "authenticate" | "database" | "clock">;

/**
 * Asked of a request that goes on. It does not count as use of the session, or a page left open would keep it for ever. The question
 * throws what storage throws.
 */
export function stillAllowed(context: Context, request: FastifyRequest): () => Promise<boolean> {
  const actor = request.actor as Actor;
  const token = bearerToken(request.headers);
  return async () => {
    if (actor.sessionId !== null) {
      const session = await context.database().sessions.get(actor.sessionId);
      if (session === null || session.expires_at <= context.clock.nowMs()) return false;
    } else if (token === null || !isSameToken(context, token, actor)) {
      return false;
    }
    if (actor.userId === null) return true;
    const user = await context.database().users.get(actor.userId);
    return user !== null && user.disabled_at === null && user.role === actor.role;
  };
}

function isSameToken({ authenticate }: Context, token: string, { id }: Actor): boolean {
  const answer = authenticate(token);
  if (typeof answer === "string") return false;
  return answer.keyId === id;
}
