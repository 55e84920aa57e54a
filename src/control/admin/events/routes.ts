// Changes as they happen: the names of what has changed, never what it is now.

import { errorResponses } from "../../../api/error-body.ts";
import { changeEvent, eventsQuery } from "../../../api/events.ts";
import { topicsFor } from "../../../domain/topics.ts";
import type { Actor } from "../authorize/actor.ts";
import { stillAllowed } from "../authorize/still-allowed.ts";
import type { AdminApp, AdminContext } from "../context.ts";
import { beginEventStream } from "./event-stream.ts";

export function eventRoutes(app: AdminApp, context: AdminContext): void {
  app.get(
    "/events",
    {
      config: { policy: "self" },
      schema: {
        tags: ["events"],
        summary: "Server-sent events: which topics have changed, of those that one may read; at most one event each 500 ms",
        querystring: eventsQuery,
        produces: ["text/event-stream"],
        response: { 200: changeEvent.describe("The data of each event `change`"), ...errorResponses },
      },
    },
    (request, reply) => {
      const actor = request.actor as Actor;
      const asked = request.query.topics;
      const topics = new Set(topicsFor(actor.role).filter((topic) => asked?.includes(topic) !== false));
      const isStillAllowed = stillAllowed(context, request);
      const owner = actor.userId ?? actor.id ?? actor.kind;
      let stream: ReturnType<typeof beginEventStream> | null = null;
      const unsubscribe = context.events.subscribe({
        owner,
        topics,
        isStillAllowed,
        isIdle: () => stream?.isIdle() === true,
        send: (changed) => stream?.send(changed),
        beat: () => stream?.beat(),
        end: (how) => stream?.end(how),
      });
      // From here on nothing throws: whoever is refused gets an answer like any other.
      reply.hijack();
      reply.raw.once("close", unsubscribe);
      stream = beginEventStream(reply.raw, reply.getHeaders());
      if (request.raw.socket.destroyed) unsubscribe();
    },
  );
}
