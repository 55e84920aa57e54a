// Users: those made here, and those whom an identity provider's tokens have proven.
import { errorResponses } from "../../../api/error-body.ts";
import { listOf } from "../../../api/list.ts";
import { createUserBody, patchUserBody, usersQuery, userView } from "../../../api/users.ts";
import { found, idParams, noContent } from "../answers.ts";
import { askerOf } from "../authorize/asker.ts";
import { isOwned, knownGroupIds, ownedByAsker } from "../authorize/reach.ts";
import type { AdminApp, AdminContext } from "../context.ts";
import { etagOf } from "../etag.ts";
import { createUser, deleteUser, patchUser } from "./change-user.ts";
import { presentUsers, readUser } from "./present.ts";

const reading = { policy: "users.read" } as const;
const writing = { policy: "users.write" } as const;
const tags = ["users"];

export function userRoutes(app: AdminApp, context: AdminContext): void {
  const publish = (id: string, mayShutOut = true) =>
    context.publish((publisher) => publisher.peopleChanged({ userIds: [id], groupsChanged: false, mayShutOut }));

  app.post(
    "/users",
    {
      config: writing,
      schema: {
        tags,
        summary: "Make a user; those who come with a token are made at first sight",
        body: createUserBody,
        response: { 201: userView, ...errorResponses },
      },
    },
    async (request, reply) => {
      const user = await context.database().transaction(async (repositories) => {
        return readUser(repositories, await createUser(repositories, askerOf(request), request.body, context.clock.nowMs()));
      });
      await publish(user.id, false);
      return reply.code(201).header("etag", etagOf(user.version)).send(user);
    },
  );

  app.get(
    "/users",
    {
      config: reading,
      schema: {
        tags,
        summary: "List users by name, each with its groups",
        querystring: usersQuery,
        response: { 200: listOf(userView), ...errorResponses },
      },
    },
    async (request) => {
      const database = context.database();
      const { search, role, group: groupId, ...pageRequest } = request.query;
      const known = await knownGroupIds(database, request);
      // Who of those whom a manager sees is in other groups too is not for them to know.
      if (groupId !== undefined && known?.includes(groupId) === false) return { data: [], next_cursor: null };
      const page = await database.users.page(pageRequest, { ownedBy: ownedByAsker(request), search, role, groupId });
      const data = await presentUsers(database, page.rows, known);
      return { data, next_cursor: page.nextCursor };
    },
  );

  app.get(
    "/users/:id",
    { config: reading, schema: { tags, summary: "One user", params: idParams, response: { 200: userView, ...errorResponses } } },
    async (request, reply) => {
      const database = context.database();
      const row = await database.users.get(request.params.id);
      const isSeen = row !== null && (await isOwned(database, ownedByAsker(request), { user_id: row.id, group_id: null }));
      const user = await readUser(database, found(isSeen ? row : null, "user"), await knownGroupIds(database, request));
      return reply.header("etag", etagOf(user.version)).send(user);
    },
  );

  app.patch(
    "/users/:id",
    {
      config: writing,
      schema: {
        tags,
        summary: "Change a user (JSON Merge Patch); name and email of a provider's user follow the provider",
        params: idParams,
        body: patchUserBody,
        response: { 200: userView, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const ifMatch = request.headers["if-match"];
      const user = await context.database().transaction(async (repositories) => {
        const changed = await patchUser(repositories, askerOf(request), id, ifMatch, request.body, context.clock.nowMs());
        return readUser(repositories, changed);
      });
      await publish(id);
      return reply.header("etag", etagOf(user.version)).send(user);
    },
  );

  app.delete(
    "/users/:id",
    {
      config: writing,
      schema: {
        tags,
        summary: "Delete a user and revoke its keys; a provider's user comes back with its next token",
        params: idParams,
        response: { 204: noContent, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const ifMatch = request.headers["if-match"];
      const nowMs = context.clock.nowMs();
      await context.database().transaction((repositories) => deleteUser(repositories, askerOf(request), id, ifMatch, nowMs));
      await publish(id);
      return reply.code(204).send();
    },
  );
}
