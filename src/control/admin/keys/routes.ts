// Headgate keys: made, listed, changed, rotated, revoked.
import type { FastifyRequest } from "fastify";
import type { z } from "zod";
import { errorResponses } from "../../../api/error-body.ts";
import { createKeyBody, keysQuery, keyView, newKeyView, patchKeyBody, rotateKeyBody } from "../../../api/keys.ts";
import { listOf } from "../../../api/list.ts";
import { digestApiKey, newApiKey } from "../../../domain/api-key.ts";
import type { KeyRow } from "../../../storage/ports/keys.ts";
import { newKeyRow } from "../../new-key-row.ts";
import { idParams, noContent } from "../answers.ts";
import { askerOf } from "../authorize/asker.ts";
import { ownedByAsker } from "../authorize/reach.ts";
import type { AdminApp, AdminContext } from "../context.ts";
import { etagOf } from "../etag.ts";
import { changeKey, type KeyChange, ownedKey, recordKey } from "./change-key.ts";
import { keyColumns, ownerColumns } from "./key-columns.ts";
import { keyWriterOf, newKeyOwner, requireGrantable, requirePayer } from "./key-writer.ts";
import { readKey, readKeys } from "./read-keys.ts";

const reading = { policy: "keys.read" } as const;
const writing = { policy: "keys.write" } as const;
const tags = ["keys"];

function changeOf(request: FastifyRequest): Pick<KeyChange, "id" | "ifMatch" | "asker" | "writer" | "ownedBy"> {
  return {
    id: (request.params as z.output<typeof idParams>).id,
    ifMatch: request.headers["if-match"],
    asker: askerOf(request),
    writer: keyWriterOf(request),
    ownedBy: ownedByAsker(request),
  };
}

export function keyRoutes(app: AdminApp, context: AdminContext): void {
  app.post(
    "/keys",
    {
      config: writing,
      schema: {
        tags,
        summary: "Make a key; the answer is the only one that shows it",
        body: createKeyBody,
        response: { 201: newKeyView, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { user_id: userId = null, ...asked } = request.body;
      const writer = keyWriterOf(request);
      const nowMs = context.clock.nowMs();
      const made = newApiKey();
      const row = await context.database().transaction(async (repositories) => {
        const empty: KeyRow = {
          ...newKeyRow({ name: asked.name, ...made, scopes: ["inference"], origin: "admin", nowMs }),
          ...(writer === null ? await ownerColumns(userId, repositories) : await newKeyOwner(repositories, writer, request.body)),
        };
        const { group_id: groupId, ...rest } = asked;
        // Whoever does not administer has been told who pays: a group that is not theirs is not looked for.
        const given = writer === null ? { ...rest, group_id: groupId } : rest;
        const columns = await keyColumns(given, empty, repositories, nowMs);
        if (writer !== null) await requireGrantable(repositories, writer, empty, columns);
        const inserted = { ...empty, ...columns };
        await repositories.keys.insert(inserted);
        await repositories.meta.bumpConfigVersion({ part: "key", id: inserted.id });
        await recordKey(repositories, askerOf(request), "key.create", { before: null, after: inserted }, nowMs);
        return inserted;
      });
      await context.publish((publisher) => publisher.keyChanged(row.id));
      return reply
        .code(201)
        .header("etag", etagOf(row.version))
        .send({ ...(await readKey(context.database(), row)), key: made.key });
    },
  );

  app.get(
    "/keys",
    {
      config: reading,
      schema: {
        tags,
        summary: "List keys, newest first",
        querystring: keysQuery,
        response: { 200: listOf(keyView), ...errorResponses },
      },
    },
    async (request) => {
      const { search, user: userId, group: groupId, ...pageRequest } = request.query;
      const database = context.database();
      const page = await database.keys.page(pageRequest, { ownedBy: ownedByAsker(request), search, userId, groupId });
      return { data: await readKeys(database, page.rows), next_cursor: page.nextCursor };
    },
  );

  app.get(
    "/keys/:id",
    { config: reading, schema: { tags, summary: "One key", params: idParams, response: { 200: keyView, ...errorResponses } } },
    async (request, reply) => {
      const row = await ownedKey(context.database(), request.params.id, ownedByAsker(request));
      return reply.header("etag", etagOf(row.version)).send(await readKey(context.database(), row));
    },
  );

  app.patch(
    "/keys/:id",
    {
      config: writing,
      schema: {
        tags,
        summary: "Change a key",
        params: idParams,
        body: patchKeyBody,
        response: { 200: keyView, ...errorResponses },
      },
    },
    async (request, reply) => {
      const change = changeOf(request);
      const columns: KeyChange["columns"] = async (key, repositories, nowMs) => {
        const { group_id: groupId } = request.body;
        // Before it is looked for: whether a group is there is for those to know who may name it.
        if (change.writer !== null && groupId != null) await requirePayer(repositories, change.writer, key.user_id, groupId);
        return keyColumns(request.body, key, repositories, nowMs);
      };
      const row = await changeKey(context, { ...change, action: "key.update", columns });
      return reply.header("etag", etagOf(row.version)).send(await readKey(context.database(), row));
    },
  );

  app.delete(
    "/keys/:id",
    {
      config: writing,
      schema: { tags, summary: "Revoke a key at once", params: idParams, response: { 204: noContent, ...errorResponses } },
    },
    async (request, reply) => {
      const columns: KeyChange["columns"] = async (_key, _repositories, nowMs) => ({ deleted_at: nowMs });
      await changeKey(context, { ...changeOf(request), action: "key.delete", columns });
      return reply.code(204).send();
    },
  );

  app.post(
    "/keys/:id/rotate",
    {
      config: writing,
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
      const columns: KeyChange["columns"] = async (old, _repositories, nowMs) => ({
        prefix,
        digest: digestApiKey(key),
        previous_digest: overlapMs > 0 ? old.digest : null,
        previous_expires_at: overlapMs > 0 ? nowMs + overlapMs : null,
      });
      const row = await changeKey(context, { ...changeOf(request), action: "key.rotate", columns });
      return reply.header("etag", etagOf(row.version)).send({ ...(await readKey(context.database(), row)), key });
    },
  );
}
