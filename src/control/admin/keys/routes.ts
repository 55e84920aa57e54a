// Headgate keys: made, listed, changed, rotated, revoked.

import { errorResponses } from "../../../api/error-body.ts";
import { createKeyBody, keyView, newKeyView, patchKeyBody, rotateKeyBody } from "../../../api/keys.ts";
import { listOf, listQuery } from "../../../api/list.ts";
import { digestApiKey, newApiKey } from "../../../domain/api-key.ts";
import type { KeyRow } from "../../../storage/port.ts";
import { newKeyRow } from "../../new-key-row.ts";
import { found, idParams, noContent } from "../answers.ts";
import type { AdminApp, AdminContext } from "../context.ts";
import { etagOf } from "../etag.ts";
import { changeKey } from "./change-key.ts";
import { keyColumns, ownerColumns } from "./key-columns.ts";
import { presentKey } from "./present.ts";

const config = { policy: "admin" } as const;
const tags = ["keys"];

export function keyRoutes(app: AdminApp, context: AdminContext): void {
  app.post(
    "/keys",
    {
      config,
      schema: {
        tags,
        summary: "Make a key; the answer is the only one that shows it",
        body: createKeyBody,
        response: { 201: newKeyView, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { user_id: userId = null, ...asked } = request.body;
      const nowMs = context.clock.nowMs();
      const made = newApiKey();
      const row = await context.database().transaction(async (repositories) => {
        const empty: KeyRow = {
          ...newKeyRow({ name: asked.name, ...made, scopes: ["inference"], origin: "admin", nowMs }),
          ...(await ownerColumns(userId, repositories)),
        };
        const inserted = { ...empty, ...(await keyColumns(asked, empty, repositories, nowMs)) };
        await repositories.keys.insert(inserted);
        await repositories.meta.bumpConfigVersion();
        return inserted;
      });
      await context.publish((publisher) => publisher.keyChanged(row.id));
      return reply
        .code(201)
        .header("etag", etagOf(row.version))
        .send({ ...presentKey(row), key: made.key });
    },
  );

  app.get(
    "/keys",
    {
      config,
      schema: {
        tags,
        summary: "List keys, newest first",
        querystring: listQuery,
        response: { 200: listOf(keyView), ...errorResponses },
      },
    },
    async (request) => {
      const page = await context.database().keys.page(request.query);
      return { data: page.rows.map(presentKey), next_cursor: page.nextCursor };
    },
  );

  app.get(
    "/keys/:id",
    { config, schema: { tags, summary: "One key", params: idParams, response: { 200: keyView, ...errorResponses } } },
    async (request, reply) => {
      const row = found(await context.database().keys.get(request.params.id), "key");
      return reply.header("etag", etagOf(row.version)).send(presentKey(row));
    },
  );

  app.patch(
    "/keys/:id",
    {
      config,
      schema: {
        tags,
        summary: "Change a key",
        params: idParams,
        body: patchKeyBody,
        response: { 200: keyView, ...errorResponses },
      },
    },
    async (request, reply) => {
      const row = await changeKey(context, request.params.id, request.headers["if-match"], async (key, repositories, nowMs) =>
        keyColumns(request.body, key, repositories, nowMs),
      );
      return reply.header("etag", etagOf(row.version)).send(presentKey(row));
    },
  );

  app.delete(
    "/keys/:id",
    {
      config,
      schema: { tags, summary: "Revoke a key at once", params: idParams, response: { 204: noContent, ...errorResponses } },
    },
    async (request, reply) => {
      await changeKey(context, request.params.id, request.headers["if-match"], async (_key, _repositories, nowMs) => ({
        deleted_at: nowMs,
      }));
      return reply.code(204).send();
    },
  );

  app.post(
    "/keys/:id/rotate",
    {
      config,
      schema: {
        tags,
        summary: "Give a key a new secret; the old one may overlap for a while",
        params: idParams,
        body: rotateKeyBody,
        response: { 200: newKeyView, ...errorResponses },
      },
    },
    async (request, reply) => {
      const overlapMs = (request.body?.overlap_seconds ?? 0) * 1000;
      const { key, prefix } = newApiKey();
      const row = await changeKey(context, request.params.id, request.headers["if-match"], async (old, _repositories, nowMs) => ({
        prefix,
        digest: digestApiKey(key),
        previous_digest: overlapMs > 0 ? old.digest : null,
        previous_expires_at: overlapMs > 0 ? nowMs + overlapMs : null,
      }));
      return reply.header("etag", etagOf(row.version)).send({ ...presentKey(row), key });
    },
  );
}
