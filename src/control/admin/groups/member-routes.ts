// Who is in a group, and which models it grants, one at a time.
import type { FastifyRequest } from "fastify";
import { errorResponses } from "../../../api/error-body.ts";
import { addGroupMemberBody, groupMemberParams, groupMemberView, groupModelParams } from "../../../api/groups.ts";
import { listOf, listQuery } from "../../../api/list.ts";
import { HeadgateError } from "../../../core/errors.ts";
import { administrators } from "../../../domain/membership-source.ts";
import { SignInThrottle } from "../../accounts/sign-in-throttle.ts";
import { found, idParams, noContent } from "../answers.ts";
import { askerOf } from "../authorize/asker.ts";
import { ownedByAsker } from "../authorize/reach.ts";
import type { AdminApp, AdminContext } from "../context.ts";
import { setGroupModel } from "./change-group.ts";
import { addMember, removeMember } from "./change-members.ts";
import { knownGroup } from "./known-group.ts";
import { presentMembers } from "./present.ts";
import { reachedUser, userWithEmail } from "./reached-user.ts";

const reading = { policy: "groups.read" } as const;
const tags = ["groups"];
const response = { 204: noContent, ...errorResponses };
/** E-mail addresses that a manager may try in a quarter of an hour which nobody has. */
const wrongAddressesMax = 20;

/** Managers change who is in their own groups alone. `added`: who is to come in. Throws HeadgateError not_allowed. */
function requireManaged(request: FastifyRequest, groupId: string, added: string | null): void {
  const owner = ownedByAsker(request);
  if (owner === undefined) return;
  if (!owner.groupIds.includes(groupId)) throw new HeadgateError("not_allowed", { message: "You are not in this group." });
  // Whom a provider has put in, and takes out again, would otherwise stay.
  if (added === owner.userId) throw new HeadgateError("not_allowed", { message: "Nobody puts themselves into a group." });
}

export function groupMemberRoutes(app: AdminApp, context: AdminContext): void {
  const addresses = new SignInThrottle({ ofPairMax: wrongAddressesMax, ofAccountMax: Number.POSITIVE_INFINITY });

  app.get(
    "/groups/:id/members",
    {
      config: reading,
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
      const { id } = await knownGroup(database, request, request.params.id);
      // Who else is in a group is for its managers.
      const owner = ownedByAsker(request);
      const isManaged = owner === undefined || owner.groupIds.includes(id);
      const page = await database.groups.pageOfMembers(id, request.query, isManaged ? undefined : owner.userId);
      return { data: await presentMembers(database, page.rows), next_cursor: page.nextCursor };
    },
  );

  app.post(
    "/groups/:id/members",
    {
      config: { policy: "members.write" },
      schema: {
        tags,
        summary: "Put the user with this e-mail address into a group: managers add in this way whom they don't see",
        params: idParams,
        body: addGroupMemberBody,
        response: { 201: groupMemberView, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const asker = askerOf(request);
      const nowMs = context.clock.nowMs();
      const { member, hasChanged } = await context.database().transaction(async (repositories) => {
        await knownGroup(repositories, request, id);
        // Before the address is looked at: who may not add anybody finds out about nobody.
        requireManaged(request, id, null);
        const user = await userWithEmail(repositories, request, request.body.email, addresses, nowMs);
        requireManaged(request, id, user.id);
        const hasChanged = await addMember(repositories, asker, id, user.id, nowMs);
        const row = (await repositories.groups.groupsOf(user.id)).find(
          ({ group_id, source }) => group_id === id && source === administrators,
        );
        const [member] = await presentMembers(repositories, row === undefined ? [] : [row]);
        return { member: found(member, "member"), hasChanged };
      });
      if (hasChanged) {
        const change = { userIds: [member.id], groupsChanged: false, mayShutOut: false };
        await context.publish((publisher) => publisher.peopleChanged(change));
      }
      return reply.code(201).send(member);
    },
  );

  for (const [method, isMember] of [
    ["PUT", true],
    ["DELETE", false],
  ] as const) {
    app.route({
      method,
      url: "/groups/:id/members/:user_id",
      config: { policy: "members.write" },
      schema: {
        tags,
        summary: isMember ? "Put a user into a group" : "Take a user out of a group, where no provider puts it",
        params: groupMemberParams,
        response,
      },
      handler: async (request, reply) => {
        const { id, user_id: userId } = request.params;
        const asker = askerOf(request);
        const nowMs = context.clock.nowMs();
        const hasChanged = await context.database().transaction(async (repositories) => {
          await knownGroup(repositories, request, id);
          requireManaged(request, id, isMember ? userId : null);
          await reachedUser(repositories, request, userId);
          const change = isMember ? addMember : removeMember;
          return change(repositories, asker, id, userId, nowMs);
        });
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
      config: { policy: "groups.write" },
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
          .transaction((repositories) =>
            setGroupModel(repositories, askerOf(request), id, ifMatch, { model, isGranted }, context.clock.nowMs()),
          );
        const change = { userIds: [], groupsChanged: true, mayShutOut: !isGranted };
        await context.publish((publisher) => publisher.peopleChanged(change));
        return reply.code(204).send();
      },
    });
  }
}
