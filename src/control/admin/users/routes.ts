// Users: those made here, and those whom an identity provider's tokens have proven.
import { errorResponses } from "../../../api/error-body.ts";
import { listOf, listQuery } from "../../../api/list.ts";
import { createUserBody, patchUserBody, userView } from "../../../api/users.ts";
import { found, idParams, noContent } from "../answers.ts";
import type { AdminApp, AdminContext } from "../context.ts";
import { etagOf } from "../etag.ts";
import { createUser, deleteUser, patchUser } from "./change-user.ts";
import { presentUsers, readUser } from "./present.ts";

const config = { policy: "admin" } as const;
const tags = ["users"];

export function userRoutes(app: AdminApp, context: AdminContext): void {
  const publish = (id: string, mayShutOut = true) =>
    context.publish((publisher) => publisher.peopleChanged({ userIds: [id], groupsChanged: false, mayShutOut }));

  app.post(
    "/users",
    {
      config,
      schema: {
        tags,
        summary: "Make a user; those who come with a token are made at first sight",
        body: createUserBody,
        response: { 201: userView, ...errorResponses },
      },
    },
    async (request, reply) => {
      const user = await context.database().transaction(async (repositories) => {
        return readUser(repositories, await createUser(repositories, request.body, context.clock.nowMs()));
      });
      await publish(user.id, false);
      return reply.code(201).header("etag", etagOf(user.version)).send(user);
    },
  );

  app.get(
    "/users",
    {
      config,
      schema: {
        tags,
        summary: "List users by name, each with its groups",
        querystring: listQuery,
        response: { 200: listOf(userView), ...errorResponses },
      },
    },
    async (request) => {
      const database = context.database();
      const page = await database.users.page(request.query);
      return { data: await presentUsers(database, page.rows), next_cursor: page.nextCursor };
    },
  );

  app.get(
    "/users/:id",
    { config, schema: { tags, summary: "One user", params: idParams, response: { 200: userView, ...errorResponses } } },
    async (request, reply) => {
      const database = context.database();
      const user = await readUser(database, found(await database.users.get(request.params.id), "user"));
      return reply.header("etag", etagOf(user.version)).send(user);
    },
  );

  app.patch(
    "/users/:id",
    {
      config,
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
        return readUser(repositories, await patchUser(repositories, id, ifMatch, request.body, context.clock.nowMs()));
      });
      await publish(id);
      return reply.header("etag", etagOf(user.version)).send(user);
    },
  );

  app.delete(
    "/users/:id",
    {
      config,
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
      await context.database().transaction((repositories) => deleteUser(repositories, id, ifMatch, context.clock.nowMs()));
      await publish(id);
      return reply.code(204).send();
    },
  );
}
