// Groups: who belongs together, what they may use, and what they are held to.
import { errorResponses } from "../../../api/error-body.ts";
import { createGroupBody, groupsQuery, groupView, patchGroupBody } from "../../../api/groups.ts";
import { listOf } from "../../../api/list.ts";
import { idParams, noContent } from "../answers.ts";
import { askerOf } from "../authorize/asker.ts";
import { knownGroupIds } from "../authorize/reach.ts";
import type { AdminApp, AdminContext } from "../context.ts";
import { etagOf } from "../etag.ts";
import { createGroup, deleteGroup, patchGroup } from "./change-group.ts";
import { knownGroup } from "./known-group.ts";
import { groupMemberRoutes } from "./member-routes.ts";
import { presentGroups, readGroup } from "./present.ts";

const reading = { policy: "groups.read" } as const;
const writing = { policy: "groups.write" } as const;
const tags = ["groups"];

export function groupRoutes(app: AdminApp, context: AdminContext): void {
  const publish = (userIds: string[] = []) =>
    context.publish((publisher) => publisher.peopleChanged({ userIds, groupsChanged: true, mayShutOut: true }));

  app.post(
    "/groups",
    {
      config: writing,
      schema: {
        tags,
        summary: "Make a group, or set up an identity provider's before its first sight",
        body: createGroupBody,
        response: { 201: groupView, ...errorResponses },
      },
    },
    async (request, reply) => {
      const group = await context.database().transaction(async (repositories) => {
        return readGroup(repositories, await createGroup(repositories, askerOf(request), request.body, context.clock.nowMs()));
      });
      await publish();
      return reply.code(201).header("etag", etagOf(group.version)).send(group);
    },
  );

  app.get(
    "/groups",
    {
      config: reading,
      schema: {
        tags,
        summary: "List groups by name",
        querystring: groupsQuery,
        response: { 200: listOf(groupView), ...errorResponses },
      },
    },
    async (request) => {
      const database = context.database();
      const { search, ...pageRequest } = request.query;
      const page = await database.groups.page(pageRequest, { ids: await knownGroupIds(database, request), search });
      return { data: await presentGroups(database, page.rows), next_cursor: page.nextCursor };
    },
  );

  app.get(
    "/groups/:id",
    {
      config: reading,
      schema: { tags, summary: "One group", params: idParams, response: { 200: groupView, ...errorResponses } },
    },
    async (request, reply) => {
      const database = context.database();
      const group = await readGroup(database, await knownGroup(database, request, request.params.id));
      return reply.header("etag", etagOf(group.version)).send(group);
    },
  );

  app.patch(
    "/groups/:id",
    {
      config: writing,
      schema: {
        tags,
        summary: "Change a group (JSON Merge Patch)",
        params: idParams,
        body: patchGroupBody,
        response: { 200: groupView, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const ifMatch = request.headers["if-match"];
      const group = await context.database().transaction(async (repositories) => {
        return readGroup(
          repositories,
          await patchGroup(repositories, askerOf(request), id, ifMatch, request.body, context.clock.nowMs()),
        );
      });
      await publish();
      return reply.header("etag", etagOf(group.version)).send(group);
    },
  );

  app.delete(
    "/groups/:id",
    {
      config: writing,
      schema: {
        tags,
        summary: "Delete a group that no key is paid by; a provider's comes back with the next token that names it",
        params: idParams,
        response: { 204: noContent, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const ifMatch = request.headers["if-match"];
      const userIds = await context
        .database()
        .transaction((repositories) => deleteGroup(repositories, askerOf(request), id, ifMatch, context.clock.nowMs()));
      await publish(userIds);
      return reply.code(204).send();
    },
  );

  groupMemberRoutes(app, context);
}
