// Who is in a group, and which models it grants, one at a time.
import { errorResponses } from "../../../api/error-body.ts";
import { groupMemberParams, groupMemberView, groupModelParams } from "../../../api/groups.ts";
import { listOf, listQuery } from "../../../api/list.ts";
import { found, idParams, noContent } from "../answers.ts";
import type { AdminApp, AdminContext } from "../context.ts";
import { setGroupModel } from "./change-group.ts";
import { addMember, removeMember } from "./change-members.ts";
import { presentMembers } from "./present.ts";

const config = { policy: "admin" } as const;
const tags = ["groups"];
const response = { 204: noContent, ...errorResponses };

export function groupMemberRoutes(app: AdminApp, context: AdminContext): void {
  app.get(
    "/groups/:id/members",
    {
      config,
      schema: {
        tags,
        summary: "List a group's members; one whom more than one source names is there more than once",
        params: idParams,
        querystring: listQuery,
        response: { 200: listOf(groupMemberView), ...errorResponses },
      },
    },
    async (request) => {
      const database = context.database();
      found(await database.groups.get(request.params.id), "group");
      const page = await database.groups.pageOfMembers(request.params.id, request.query);
      return { data: await presentMembers(database, page.rows), next_cursor: page.nextCursor };
    },
  );

  for (const [method, isMember] of [
    ["PUT", true],
    ["DELETE", false],
  ] as const) {
    app.route({
      method,
      url: "/groups/:id/members/:user_id",
      config,
      schema: {
        tags,
        summary: isMember ? "Put a user into a group" : "Take a user out of a group, where no provider puts it",
        params: groupMemberParams,
        response,
      },
      handler: async (request, reply) => {
        const { id, user_id: userId } = request.params;
        const hasChanged = await context
          .database()
          .transaction((repositories) =>
            isMember ? addMember(repositories, id, userId, context.clock.nowMs()) : removeMember(repositories, id, userId),
          );
        if (hasChanged) {
          const change = { userIds: [userId], groupsChanged: false, mayShutOut: !isMember };
          await context.publish((publisher) => publisher.peopleChanged(change));
        }
        return reply.code(204).send();
      },
    });
  }

  for (const [method, isGranted] of [
    ["PUT", true],
    ["DELETE", false],
  ] as const) {
    app.route({
      method,
      url: "/groups/:id/models/:model",
      config,
      schema: {
        tags,
        summary: isGranted
          ? "Let a group use a model (its name, or a pattern with `*`, URL-encoded)"
          : "Take a name or pattern out of what a group may use",
        params: groupModelParams,
        response,
      },
      handler: async (request, reply) => {
        const { id, model } = request.params;
        const ifMatch = request.headers["if-match"];
        await context
          .database()
          .transaction((repositories) => setGroupModel(repositories, id, ifMatch, { model, isGranted }, context.clock.nowMs()));
        const change = { userIds: [], groupsChanged: true, mayShutOut: !isGranted };
        await context.publish((publisher) => publisher.peopleChanged(change));
        return reply.code(204).send();
      },
    });
  }
}
