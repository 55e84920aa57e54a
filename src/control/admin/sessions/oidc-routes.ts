// Signing in with OpenID providers: the browser goes there and comes back.
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { errorResponses } from "../../../api/error-body.ts";
import type { SignInFailure } from "../../../api/sessions.ts";
import { HeadgateError } from "../../../core/errors.ts";
import { OidcSignIn, OidcSignInFailed } from "../../accounts/oidc-sign-in.ts";
import { pendingCookie, pendingOf } from "../../accounts/pending-sign-in.ts";
import { returnPath } from "../../accounts/return-path.ts";
import { signInProven } from "../../accounts/sign-in-proven.ts";
import { SignInThrottle } from "../../accounts/sign-in-throttle.ts";
import type { AdminApp, AdminContext } from "../context.ts";
import { askedBy, handOver } from "./begin.ts";
import { ownUrl } from "./own-page.ts";

const tags = ["sign-in"];
/** From one address in a quarter of an hour that sign nobody in. */
const waysBackMax = 50;
const config = { policy: "public" } as const;
const params = z.object({ provider: z.string() });
const redirected = z.undefined().describe("To the provider, or to a page of the dashboard.");

/** Registers the routes; the providers as `GET /sign-in` lists them. */
export function oidcRoutes(app: AdminApp, context: AdminContext): { id: string; name: string }[] {
  const { oidc, client, throttleKey } = context.signIn;
  // Each way back costs the provider a question. Its accounts are its own to guard.
  const throttle = new SignInThrottle({ ofPairMax: waysBackMax, ofAccountMax: Number.POSITIVE_INFINITY });
  const nowMs = () => context.clock.nowMs();
  const providers = new Map<string, OidcSignIn>();
  const listed: { id: string; name: string }[] = [];
  for (const [index, provider] of oidc.entries()) {
    if (provider.clientId === null) continue;
    const id = String(index);
    providers.set(id, new OidcSignIn(provider, provider.clientId, client, nowMs));
    listed.push({ id, name: new URL(provider.issuer).host });
  }

  const providerOf = (id: string): OidcSignIn => {
    const provider = providers.get(id);
    if (provider === undefined) throw new HeadgateError("not_found", { message: "There is no identity provider with this id." });
    return provider;
  };
  const cookieRules = (request: FastifyRequest, provider: string) => {
    return { cipher: context.cipher, provider, isSecure: context.isSecure(request.raw), nowMs: nowMs() };
  };
  /** Below the path at which a proxy may have put Headgate. */
  const toPage = (reply: FastifyReply, path: string) => {
    const below = context.publicUrl === null ? "" : new URL(context.publicUrl).pathname.replace(/\/+$/, "");
    return reply
      .code(302)
      .header("location", below + path)
      .send(undefined);
  };
  const fail = (request: FastifyRequest, reply: FastifyReply, error: unknown) => {
    const failure: SignInFailure = error instanceof OidcSignInFailed ? error.failure : "sign_in_failed";
    context.log.warn(
      { request_id: request.id, failure, reason: reasonOf(error) },
      "nobody was signed in by an identity provider",
    );
    return toPage(reply, `/dashboard/sign-in?error=${failure}`);
  };

  app.get(
    "/sign-in/oidc/:provider",
    {
      config,
      schema: {
        tags,
        security: [],
        summary: "Sends the browser to an identity provider",
        params,
        querystring: z.object({ return_to: z.string().optional().describe("The page of the dashboard to come back to.") }),
        response: { 302: redirected, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { provider: id } = request.params;
      const provider = providerOf(id);
      try {
        const redirectUri = `${ownUrl(context, request)}/admin/api/v1/sign-in/oidc/${id}/callback`;
        const { url, pending } = await provider.begin(redirectUri, returnPath(request.query.return_to));
        reply.header("set-cookie", pendingCookie(pending, cookieRules(request, id)));
        return reply.code(302).header("location", url).send(undefined);
      } catch (error) {
        return fail(request, reply, error);
      }
    },
  );

  app.get(
    "/sign-in/oidc/:provider/callback",
    {
      config,
      schema: {
        tags,
        security: [],
        summary: "Where identity providers send the browser back to",
        params,
        response: { 302: redirected, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { provider: id } = request.params;
      const provider = providerOf(id);
      const rules = cookieRules(request, id);
      const pending = pendingOf(request.headers.cookie, rules);
      // It was good for one way back, however that ends.
      reply.header("set-cookie", pendingCookie(null, rules));
      try {
        const { searchParams } = new URL(request.url, "http://headgate.invalid");
        // Not the browser that has gone there: somebody else's sign-in (RFC 9700, section 4.7).
        if (pending === null || searchParams.get("state") !== pending.state) throw new OidcSignInFailed("sign_in_expired");
        const attempt = throttle.begin(id, throttleKey(context.addressOf(request.raw)), nowMs());
        if (typeof attempt === "number") throw new OidcSignInFailed("too_many_sign_ins");
        const identity = await provider.finish(pending, searchParams.toString());
        const { change, ...signedIn } = await signInProven(
          context.database(),
          identity,
          "oidc",
          askedBy(context, request),
          nowMs(),
        ).catch((error: unknown) => {
          const isDisabled = error instanceof HeadgateError && error.code === "invalid_credentials";
          throw isDisabled ? new OidcSignInFailed("account_disabled") : error;
        });
        attempt.succeeded();
        if (change !== null) await context.publish((publisher) => publisher.peopleChanged(change));
        await handOver(context, request, reply, signedIn);
        return toPage(reply, pending.returnTo);
      } catch (error) {
        return fail(request, reply, error);
      }
    },
  );
  return listed;
}

/** For the log: names and codes of errors. Their texts may repeat what the provider has sent. */
function reasonOf(error: unknown): string {
  const reasons: string[] = [];
  for (let each = error; each instanceof Error; each = each.cause) {
    const { code, error: oauthError } = each as { code?: unknown; error?: unknown };
    const known = [code, oauthError].filter((part) => typeof part === "string" && /^[\w.-]{1,64}$/.test(part));
    reasons.push([each instanceof OidcSignInFailed ? each.failure : each.name, ...known].join(" "));
  }
  return reasons.join(": ");
}
