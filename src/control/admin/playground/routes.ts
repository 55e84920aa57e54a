// The playground's way to the models: who asks is found out here, as for every other route; the data plane does the rest.
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { errorResponses } from "../../../api/error-body.ts";
import { HeadgateError } from "../../../core/errors.ts";
import type { Actor } from "../authorize/actor.ts";
import type { AdminApp, AdminContext } from "../context.ts";
import { answerError } from "../error-handler.ts";

const mount = "/admin/api/v1/playground";

export function playgroundRoutes(app: AdminApp, context: AdminContext): void {
  const { playground, log } = context;

  /** Before anything of the body is read: that is the data plane's to do, within its own bounds. */
  const handOver = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { userId } = request.actor as Actor;
    if (userId === null) {
      const message = "The playground calls models as a user: sign in, or use a key that belongs to one.";
      throw new HeadgateError("not_allowed", { message });
    }
    // Nothing of the data plane is wired.
    if (playground === undefined) throw new HeadgateError("starting", { retryAfterSeconds: 2 });
    const target = targetOf(request);
    if (target === null) throw new HeadgateError("not_found");
    reply.hijack();
    setOnRaw(reply);
    playground.call(userId, target, request.raw, reply.raw);
  };

  const answerInDialect = answerError(log, (error, request, reply) => {
    if (playground === undefined) return false;
    reply.hijack();
    setOnRaw(reply);
    playground.refuse(error, targetOf(request) ?? "/v1/", request.raw, reply.raw);
    return true;
  });

  const route = (method: "GET" | "POST", url: string, summary: string) =>
    app.route({
      method,
      url,
      config: { policy: "playground" },
      onRequest: handOver,
      errorHandler: answerInDialect,
      schema: {
        tags: ["playground"],
        summary,
        response: { 200: z.any().describe("As the same path without `/admin/api/v1/playground` answers"), ...errorResponses },
      },
      handler: async () => {
        throw new HeadgateError("internal_error", { detail: "the data plane has not taken a call of the playground" });
      },
    });
  route("GET", "/playground/v1/models", "The models that one may use");
  route("GET", "/playground/v1/models/*", "One of them");
  route("POST", "/playground/v1/*", "An inference call (chat/completions, responses, messages, embeddings, …) as oneself");
}

/** As it was sent; null: the prefix is there only once the path is decoded. */
function targetOf({ raw: { url } }: FastifyRequest): string | null {
  return url?.startsWith(`${mount}/v1/`) === true ? url.slice(mount.length) : null;
}

/** An endpoint's answer is nothing that a browser may keep, or take for something else than it says. */
function setOnRaw({ raw }: FastifyReply): void {
  raw.setHeader("cache-control", "no-store");
  raw.setHeader("x-content-type-options", "nosniff");
}
