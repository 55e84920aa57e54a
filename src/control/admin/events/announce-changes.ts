// Has every change that the admin API was asked for told to open pages.
import type { FastifyReply, FastifyRequest } from "fastify";
import { topicsOfRequest } from "../../events/changed-topics.ts";
import type { EventHub } from "../../events/event-hub.ts";

/** A hook `onResponse`. `prefix`: of all routes. */
export function announceChanges(events: Pick<EventHub, "publish">, prefix: string) {
  return async (request: FastifyRequest, { statusCode }: Pick<FastifyReply, "statusCode">): Promise<void> => {
    const { url } = request.routeOptions;
    if (url === undefined || statusCode < 200 || statusCode > 299) return;
    const topics = topicsOfRequest(request.method, url.slice(prefix.length));
    if (topics.length > 0) events.publish(...topics);
  };
}
