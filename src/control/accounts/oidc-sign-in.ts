// Sign-in with one OpenID provider: authorization code flow with PKCE, state and nonce.
import {
  AuthorizationResponseError,
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  type CustomFetch,
  calculatePKCECodeChallenge,
  clockTolerance,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
  None,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from "openid-client";
import type { SignInFailure } from "../../api/sessions.ts";
import { type ProvenIdentity, userIdOf } from "../../domain/identity.ts";
import type { OidcConfig } from "../../domain/identity-config.ts";
import type { HttpClient } from "../../egress/http-client.ts";
import { asText, type Claims, emailOf, groupsClaim, textClaim } from "../identity/claims.ts";
import { clockSkewMs } from "../identity/clock-skew.ts";
import type { PendingSignIn } from "./pending-sign-in.ts";

/** Metadata is asked for again after so long. */
const metadataAgeMaxMs = 3_600_000;
const questionTimeoutMs = 10_000;
const bytesMax = 512 * 1024;

export class OidcSignInFailed extends Error {
  readonly failure: SignInFailure;

  constructor(failure: SignInFailure, cause?: unknown) {
    super(failure, { cause });
    this.name = "OidcSignInFailed";
    this.failure = failure;
  }
}

export class OidcSignIn {
  readonly #config: OidcConfig;
  readonly #clientId: string;
  readonly #client: Pick<HttpClient, "ask">;
  readonly #nowMs: () => number;
  #known: { configuration: Promise<Configuration>; atMs: number } | null = null;

  constructor(config: OidcConfig, clientId: string, client: Pick<HttpClient, "ask">, nowMs: () => number) {
    this.#config = config;
    this.#clientId = clientId;
    this.#client = client;
    this.#nowMs = nowMs;
  }

  /** Where to send the browser, and what to remember meanwhile. Rejects with OidcSignInFailed provider_unavailable. */
  async begin(redirectUri: string, returnTo: string): Promise<{ url: string; pending: PendingSignIn }> {
    const configuration = await this.#configuration();
    const pending = { state: randomState(), nonce: randomNonce(), verifier: randomPKCECodeVerifier(), redirectUri, returnTo };
    const supported = configuration.serverMetadata().scopes_supported ?? [];
    // Providers refuse scopes that they don't know.
    const scopes = ["openid", "profile", "email", "groups"].filter(
      (scope) => scope === "openid" || supported.includes(scope) || (supported.length === 0 && scope !== "groups"),
    );
    const url = buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: scopes.join(" "),
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: "S256",
    });
    return { url: url.href, pending };
  }

  /** Whom the provider has sent back with `query`. Rejects with OidcSignInFailed. */
  async finish(pending: PendingSignIn, query: string): Promise<ProvenIdentity> {
    const configuration = await this.#configuration();
    const url = new URL(pending.redirectUri);
    url.search = query;
    try {
      const tokens = await authorizationCodeGrant(configuration, url, {
        expectedState: pending.state,
        expectedNonce: pending.nonce,
        pkceCodeVerifier: pending.verifier,
        idTokenExpected: true,
      });
      const idToken = (tokens.claims() ?? {}) as Claims;
      const hasMore = configuration.serverMetadata().userinfo_endpoint !== undefined;
      const more = hasMore ? await fetchUserInfo(configuration, tokens.access_token, String(idToken.sub)) : {};
      return this.#identity({ ...more, ...idToken });
    } catch (error) {
      throw error instanceof OidcSignInFailed ? error : new OidcSignInFailed(failureOf(error), error);
    }
  }

  /** Shown as callers with a token of the provider are: it is the same user. */
  #identity(claims: Claims): ProvenIdentity {
    const { issuer, usernameClaim, groupsClaim: groups } = this.#config;
    const subject = asText(claims.sub);
    if (subject === null) throw new OidcSignInFailed("sign_in_failed");
    return {
      userId: userIdOf(issuer, subject),
      source: issuer,
      subject,
      username: textClaim(claims, usernameClaim),
      name: asText(claims.name),
      email: emailOf(claims),
      groups: groupsClaim(claims, groups),
      idpId: issuer,
      idpName: null,
      authService: "oidc",
      issuedAtMs: this.#nowMs(),
      expiresAtMs: null,
    };
  }

  /** The provider as it describes itself. A failure is not kept. */
  async #configuration(): Promise<Configuration> {
    if (this.#known === null || Math.abs(this.#nowMs() - this.#known.atMs) > metadataAgeMaxMs) {
      this.#known = { configuration: this.#discover(), atMs: this.#nowMs() };
    }
    const asked = this.#known;
    try {
      return await asked.configuration;
    } catch (error) {
      if (this.#known === asked) this.#known = null;
      throw new OidcSignInFailed("provider_unavailable", error);
    }
  }

  async #discover(): Promise<Configuration> {
    const { issuer, clientSecret } = this.#config;
    const isPlainHttp = issuer.startsWith("http:");
    const found = await discovery(new URL(issuer), this.#clientId, undefined, None(), {
      [customFetch]: this.#fetch,
      timeout: questionTimeoutMs / 1000,
      ...(isPlainHttp && { execute: [allowInsecureRequests] }),
    });
    const metadata = found.serverMetadata();
    const secret = clientSecret?.expose() ?? null;
    const methods = metadata.token_endpoint_auth_methods_supported ?? ["client_secret_basic"];
    const withSecret = methods.includes("client_secret_basic") ? ClientSecretBasic : ClientSecretPost;
    const authentication = secret === null ? None() : withSecret(secret);
    const configuration = new Configuration(metadata, this.#clientId, { [clockTolerance]: clockSkewMs / 1000 }, authentication);
    configuration[customFetch] = this.#fetch;
    configuration.timeout = questionTimeoutMs / 1000;
    // Over plain http nothing but the signature says who has sent an ID token.
    enableNonRepudiationChecks(configuration);
    if (isPlainHttp) allowInsecureRequests(configuration);
    return configuration;
  }

  /** All that is asked of the provider leaves by the one way out. */
  readonly #fetch: CustomFetch = async (url, { method, headers, body, signal }) => {
    const reply = await this.#client.ask({
      method: method === "POST" ? "POST" : "GET",
      url,
      headers,
      ...(body !== undefined && body !== null && { body: String(body) }),
      timeoutMs: questionTimeoutMs,
      bytesMax,
      ...(signal && { signal }),
    });
    const hasBody = ![101, 204, 205, 304].includes(reply.status);
    return new Response(hasBody ? reply.text : null, { status: reply.status, headers: { ...reply.headers } });
  };
}

function failureOf(error: unknown): SignInFailure {
  if (error instanceof AuthorizationResponseError) {
    return error.error === "access_denied" || error.error === "login_required" ? "sign_in_cancelled" : "sign_in_failed";
  }
  return isUnreachable(error) ? "provider_unavailable" : "sign_in_failed";
}

/** Errors of connections have a code of the system or of undici; those of the protocol have one of OAuth. */
function isUnreachable(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = each.cause) {
    const { code } = each as { code?: unknown };
    if (each.name === "TimeoutError" || (typeof code === "string" && /^(E[A-Z]+|UND_ERR_\w+|OAUTH_TIMEOUT)$/.test(code)))
      return true;
  }
  return false;
}
