// Signing in and out, and the sessions that there are.
import { z } from "zod";
import { errorResponses } from "../../../api/error-body.ts";
import { listOf, listQuery } from "../../../api/list.ts";
import { createSessionBody, sessionView, signInView } from "../../../api/sessions.ts";
import { whoamiView } from "../../../api/system.ts";
import { HeadgateError } from "../../../core/errors.ts";
import { Accounts, type SignedIn } from "../../accounts/accounts.ts";
import { isSetupRequired } from "../../accounts/one-time-link.ts";
import { signInProven } from "../../accounts/sign-in-proven.ts";
import { SignInThrottle } from "../../accounts/sign-in-throttle.ts";
import { recordChange } from "../../audit/record-change.ts";
import { found, idParams, isDatabaseAway, noContent } from "../answers.ts";
import type { Actor } from "../authorize/actor.ts";
import { sessionCookie } from "../authorize/session-cookie.ts";
import type { AdminApp, AdminContext } from "../context.ts";
import { askedBy, handOver, whoamiOf } from "./begin.ts";
import { oidcRoutes } from "./oidc-routes.ts";
import { onlyOwnPages, openBodyBytesMax } from "./own-page.ts";
import { passwordRoutes } from "./password-routes.ts";
import { presentSessions } from "./present.ts";

const tags = ["sign-in"];
const open = { policy: "public" } as const;
const sessionsQuery = listQuery.extend({ user_id: z.string().optional().describe("Those of one user.") });

export function sessionRoutes(app: AdminApp, context: AdminContext): void {
  const nowMs = () => context.clock.nowMs();
  const { throttleKey, announced } = context.signIn;
  const { database, log } = context;
  const accounts = new Accounts({ database, throttle: new SignInThrottle(), nowMs, throttleKey, log });
  passwordRoutes(app, context, accounts);
  const providers = oidcRoutes(app, context);

  app.get(
    "/sign-in",
    {
      config: open,
      schema: { tags, summary: "The ways to sign in", security: [], response: { 200: signInView, ...errorResponses } },
    },
    async (request) => ({
      password: true,
      setup_required: await isSetupSeenRequired(context),
      oidc: providers,
      proxy: announced(request.raw) !== null,
    }),
  );

  app.post(
    "/sessions",
    {
      config: open,
      onRequest: onlyOwnPages(context),
      bodyLimit: openBodyBytesMax,
      schema: {
        tags,
        security: [],
        summary: "Sign in: the answer sets the cookie of a new session",
        body: createSessionBody,
        response: { 201: whoamiView, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { email, password, proxy } = request.body;
      const asked = askedBy(context, request);
      let signedIn: SignedIn;
      if (proxy === true) {
        const identity = announced(request.raw);
        if (identity === null)
          throw new HeadgateError("invalid_credentials", { message: "No proxy that is trusted says who you are." });
        const { change, ...proven } = await signInProven(context.database(), identity, "proxy", asked, nowMs());
        if (change !== null) await context.publish((publisher) => publisher.peopleChanged(change));
        signedIn = proven;
      } else {
        signedIn = await accounts.signIn(email as string, password as string, asked);
      }
      await handOver(context, request, reply, signedIn);
      return reply.code(201).send(whoamiOf(signedIn));
    },
  );

  app.delete(
    "/sessions/current",
    { config: { policy: "self" }, schema: { tags, summary: "Sign out", response: { 204: noContent, ...errorResponses } } },
    async (request, reply) => {
      const { sessionId } = request.actor as Actor;
      if (sessionId === null) throw new HeadgateError("not_found", { message: "A token has no session to end." });
      await context.database().sessions.delete(sessionId);
      reply.header("set-cookie", sessionCookie(null, { isSecure: context.isSecure(request.raw), maxAgeSeconds: 0 }));
      return reply.code(204).send();
    },
  );

  app.get(
    "/sessions",
    {
      config: { policy: "sessions.read" },
      schema: {
        tags,
        summary: "Sessions that are open, newest first: one's own, or where the role reaches further everybody's",
        querystring: sessionsQuery,
        response: { 200: listOf(sessionView), ...errorResponses },
      },
    },
    async (request) => {
      const actor = request.actor as Actor;
      const { user_id: asked, ...pageRequest } = request.query;
      const userId = request.reach === "all" ? asked : actor.userId;
      if (userId === null || (asked !== undefined && asked !== userId)) return { data: [], next_cursor: null };
      const database = context.database();
      const page = await database.sessions.page({ userId, nowMs: nowMs() }, pageRequest);
      return { data: await presentSessions(database, page.rows, actor), next_cursor: page.nextCursor };
    },
  );

  app.delete(
    "/sessions/:id",
    {
      config: { policy: "sessions.write" },
      schema: { tags, summary: "End a session", params: idParams, response: { 204: noContent, ...errorResponses } },
    },
    async (request, reply) => {
      const actor = request.actor as Actor;
      await context.database().transaction(async (tx) => {
        const session = await tx.sessions.get(request.params.id);
        // Whether somebody else has such a session is not for everybody to know.
        const isInReach = request.reach === "all" || session?.user_id === actor.userId;
        const row = found(isInReach ? session : null, "session");
        const [before] = await presentSessions(tx, [row], actor);
        await tx.sessions.delete(row.id);
        const resource = { kind: "session", id: row.id, name: before?.user_name ?? null };
        const shown = { before: before ?? null, after: null };
        await recordChange(tx, { actor, requestId: request.id, action: "session.delete", resource, ...shown, nowMs: nowMs() });
      });
      return reply.code(204).send();
    },
  );
}

/** False while the database is away: who has an account is to see the ways to sign in, not a set-up that can't be had now either. */
async function isSetupSeenRequired({ database }: AdminContext): Promise<boolean> {
  try {
    return await isSetupRequired(database());
  } catch (error) {
    if (isDatabaseAway(error)) return false;
    throw error;
  }
}
