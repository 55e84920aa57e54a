// Who asks, and with which request: what the audit log is told of every change.
import type { FastifyRequest } from "fastify";
import type { Actor } from "./actor.ts";

export interface Asker {
  actor: Actor;
  requestId: string;
}

/** Of a request to a route whose policy is not `public`. */
export function askerOf({ actor, id }: Pick<FastifyRequest, "actor" | "id">): Asker {
  if (actor === null) throw new Error("a public route has nobody to record a change for");
  return { actor, requestId: id };
}
