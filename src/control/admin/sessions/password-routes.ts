// The first administrator, new passwords, and the links that set them.
import { errorResponses } from "../../../api/error-body.ts";
import { changePasswordBody, passwordLinkView, resetPasswordBody, setupBody } from "../../../api/sessions.ts";
import { whoamiView } from "../../../api/system.ts";
import { formatTime } from "../../../api/time.ts";
import type { Accounts } from "../../accounts/accounts.ts";
import { makePasswordLink } from "../../accounts/one-time-link.ts";
import { recordChange } from "../../audit/record-change.ts";
import { found, idParams, noContent } from "../answers.ts";
import type { Actor } from "../authorize/actor.ts";
import type { AdminApp, AdminContext } from "../context.ts";
import { askedBy, handOver, whoamiOf } from "./begin.ts";
import { onlyOwnPages, openBodyBytesMax, ownUrl } from "./own-page.ts";

const tags = ["sign-in"];
const open = { policy: "public" } as const;

export function passwordRoutes(app: AdminApp, context: AdminContext, accounts: Accounts): void {
  const onRequest = onlyOwnPages(context);

  app.post(
    "/setup",
    {
      config: open,
      onRequest,
      bodyLimit: openBodyBytesMax,
      schema: {
        tags,
        security: [],
        summary: "Make the first administrator, with the link that `headgate start` has printed, and sign in",
        body: setupBody,
        response: { 201: whoamiView, ...errorResponses },
      },
    },
    async (request, reply) => {
      const signedIn = await accounts.setUp(request.body, askedBy(context, request));
      const userIds = [signedIn.user.id];
      await context.publish((publisher) => publisher.peopleChanged({ userIds, groupsChanged: false, mayShutOut: false }));
      await handOver(context, request, reply, signedIn);
      return reply.code(201).send(whoamiOf(signedIn));
    },
  );

  app.post(
    "/password",
    {
      config: open,
      onRequest,
      bodyLimit: openBodyBytesMax,
      schema: {
        tags,
        security: [],
        summary: "Set a password with a link that was made for it; ends the user's sessions",
        body: resetPasswordBody,
        response: { 204: noContent, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { secret, password } = request.body;
      await accounts.resetPassword(secret, password, askedBy(context, request));
      return reply.code(204).send();
    },
  );

  app.put(
    "/password",
    {
      config: { policy: "self" },
      schema: {
        tags,
        summary: "Change one's own password; ends all of one's sessions, and sets the cookie of a new one",
        body: changePasswordBody,
        response: { 200: whoamiView, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { current_password: current, password } = request.body;
      const signedIn = await accounts.changePassword(request.actor as Actor, current, password, askedBy(context, request));
      await handOver(context, request, reply, signedIn);
      return whoamiOf(signedIn);
    },
  );

  app.post(
    "/users/:id/password-link",
    {
      config: { policy: "users.write" },
      schema: {
        tags: ["users"],
        summary: "Make a link with which the user sets a new password, good once and for an hour",
        params: idParams,
        response: { 201: passwordLinkView, ...errorResponses },
      },
    },
    async (request, reply) => {
      const nowMs = context.clock.nowMs();
      const { path, expiresAtMs } = await context.database().transaction(async (tx) => {
        const user = found(await tx.users.get(request.params.id), "user");
        const link = await makePasswordLink(tx, user, nowMs);
        const actor = request.actor as Actor;
        const resource = { kind: "user", id: user.id, name: user.name };
        const shown = { before: null, after: { expires_at: formatTime(link.expiresAtMs) } };
        await recordChange(tx, { actor, requestId: request.id, action: "user.password_link", resource, ...shown, nowMs });
        return link;
      });
      return reply.code(201).send({ link: ownUrl(context, request) + path, expires_at: formatTime(expiresAtMs) });
    },
  );
}
