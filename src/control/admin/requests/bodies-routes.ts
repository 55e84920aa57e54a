// The bodies of a request, where they are kept: read by whoever sent them, or by those who may read everybody's, which is then in the log.
import type { FastifyRequest } from "fastify";
import { errorResponses } from "../../../api/error-body.ts";
import { type KeptBody, type RequestBodiesBody, requestBodiesView } from "../../../api/request-bodies.ts";
import { formatTime } from "../../../api/time.ts";
import type { Cipher } from "../../../core/cipher.ts";
import type { RequestBodyRow } from "../../../storage/ports/request-bodies.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import { recordChange } from "../../audit/record-change.ts";
import { bodyContext } from "../../bodies/seal-bodies.ts";
import { found, idParams, noContent } from "../answers.ts";
import { askerOf } from "../authorize/asker.ts";
import { isOwned, ownedByAsker } from "../authorize/reach.ts";
import type { AdminApp, AdminContext } from "../context.ts";

const tags = ["requests"];

export function requestBodiesRoutes(app: AdminApp, context: AdminContext): void {
  app.get(
    "/requests/:id/bodies",
    {
      config: { policy: "bodies.read" },
      schema: {
        tags,
        summary: "What was sent and answered, for requests whose key or group has bodies kept; reading somebody else's is logged",
        params: idParams,
        response: { 200: requestBodiesView, ...errorResponses },
      },
    },
    async (request) => {
      const nowMs = context.clock.nowMs();
      const database = context.database();
      const row = await ownedBodies(database, request, nowMs);
      const bodies = presentBodies(context.cipher, row);
      // Before the answer: without the entry there is none.
      if (row.user_id === null || row.user_id !== request.actor?.userId) {
        await record(database, request, "request.read_bodies", row, nowMs);
      }
      return bodies;
    },
  );

  app.delete(
    "/requests/:id/bodies",
    {
      config: { policy: "bodies.write" },
      schema: {
        tags,
        summary: "Remove the bodies of a request now",
        params: idParams,
        response: { 204: noContent, ...errorResponses },
      },
    },
    async (request, reply) => {
      const nowMs = context.clock.nowMs();
      await context.database().transaction(async (repositories) => {
        const row = await ownedBodies(repositories, request, nowMs);
        await repositories.requestBodies.delete(row.request_id);
        await record(repositories, request, "request.delete_bodies", row, nowMs);
      });
      return reply.code(204).send();
    },
  );
}

type Asked = FastifyRequest<{ Params: { id: string } }>;

/** Throws HeadgateError not_found, also for those that are there and not the asker's to see. */
async function ownedBodies(
  repositories: Repositories,
  request: Pick<Asked, "params" | "actor" | "reach">,
  nowMs: number,
): Promise<RequestBodyRow> {
  const row = await repositories.requestBodies.get(request.params.id, nowMs);
  const isSeen = row !== null && (await isOwned(repositories, ownedByAsker(request), row));
  return found(isSeen ? row : null, "request whose bodies are kept");
}

function record(
  repositories: Repositories,
  request: Pick<FastifyRequest, "actor" | "id">,
  action: string,
  row: RequestBodyRow,
  nowMs: number,
): Promise<void> {
  const { request_id: id, user_id, key_id, group_id } = row;
  const whose = { user_id, key_id, group_id };
  const isGone = action === "request.delete_bodies";
  return recordChange(repositories, {
    ...askerOf(request),
    action,
    resource: { kind: "request", id, name: null },
    before: isGone ? whose : null,
    after: isGone ? null : whose,
    nowMs,
  });
}

function presentBodies(cipher: Cipher, row: RequestBodyRow): RequestBodiesBody {
  const { request_id: id } = row;
  const text = (ciphertext: string | null, side: "request" | "response") =>
    ciphertext === null ? null : cipher.decrypt(ciphertext, bodyContext(id, side));
  return {
    request: keptBody(row.request_type, text(row.request_body, "request"), row.request_bytes, row.request_truncated),
    response: keptBody(row.response_type, text(row.response_body, "response"), row.response_bytes, row.response_truncated),
    redacted: JSON.parse(row.redacted) as string[],
    expires_at: formatTime(row.expires_at),
  };
}

function keptBody(type: string | null, text: string | null, bytes: number | null, truncated: number): KeptBody | null {
  return bytes === null ? null : { content_type: type, text, bytes, truncated: truncated === 1 };
}
