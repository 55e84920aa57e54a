// OAuth 2.0 token introspection (RFC 7662) at any provider: opaque tokens, and JWTs of issuers that are not set up for OIDC.

import type { TokenVerdict } from "../../domain/identity.ts";
import { type ProvenIdentity, userIdOf } from "../../domain/identity.ts";
import type { IntrospectionConfig } from "../../domain/identity-config.ts";
import { asRecord, asText, type Claims, emailOf, groupsClaim, hasAudience, secondsToMs, textClaim } from "./claims.ts";
import { clockSkewMs } from "./clock-skew.ts";
import { type ProviderAccess, ProviderRequests } from "./provider-requests.ts";
import { ProviderUnavailable, type TokenProvider } from "./token-provider.ts";

const bytesMax = 1024 * 1024;

export class IntrospectionProvider implements TokenProvider {
  readonly name: string;
  readonly #config: IntrospectionConfig;
  readonly #access: ProviderAccess;
  readonly #requests: ProviderRequests;

  constructor(config: IntrospectionConfig, access: ProviderAccess) {
    this.name = `introspection at ${new URL(config.url).host}`;
    this.#config = config;
    this.#access = access;
    this.#requests = new ProviderRequests(this.name, access);
  }

  async verify(token: string): Promise<TokenVerdict> {
    const answer = await this.#introspect(token);
    if (answer === null || answer.active !== true) return { kind: "unknown" };
    const { exp, nbf } = answer;
    // Both may be left out, but what is there has to hold.
    if (!isTime(exp) || !isTime(nbf)) throw new ProviderUnavailable("introspection: exp or nbf is not a number");
    const nowMs = this.#access.clock.nowMs();
    if (nbf !== undefined && secondsToMs(nbf) > nowMs + clockSkewMs) return { kind: "unknown" };
    // A token for somebody else is none here (RFC 6750, 3.1: invalid_token), though the provider knows it.
    const { audiences } = this.#config;
    if (audiences !== null && !hasAudience(answer, audiences)) return { kind: "unknown" };
    if (exp !== undefined && secondsToMs(exp) <= nowMs) return { kind: "expired" };
    return this.#decide(answer, exp === undefined ? null : secondsToMs(exp));
  }

  #decide(answer: Claims, expiresAtMs: number | null): TokenVerdict {
    const missing = this.#config.scopes.filter((scope) => !scopesOf(answer).includes(scope));
    if (missing.length > 0) {
      return { kind: "refused", message: `The token lacks the scope ${missing.join(" ")}. Sign in again and ask for it.` };
    }
    const subject = asText(answer.sub);
    if (subject === null) {
      return { kind: "refused", message: "The token is valid, but its provider does not say whose it is (no sub)." };
    }
    const source = this.#config.url;
    const identity: ProvenIdentity = {
      userId: userIdOf(source, subject),
      source,
      subject,
      username: textClaim(answer, this.#config.usernameClaim),
      name: asText(answer.name),
      email: emailOf(answer),
      groups: groupsClaim(answer, this.#config.groupsClaim),
      idpId: asText(answer.iss),
      idpName: null,
      authService: "introspection",
      issuedAtMs: null,
      expiresAtMs,
    };
    return { kind: "proven", identity };
  }

  async #introspect(token: string): Promise<Claims | null> {
    const { url, clientId, clientSecret } = this.#config;
    const credentials = `${formEncoded(clientId)}:${formEncoded(clientSecret.expose())}`;
    const headers = {
      authorization: `Basic ${Buffer.from(credentials).toString("base64")}`,
      "content-type": "application/x-www-form-urlencoded",
      accept: "application/json",
    };
    const body = new URLSearchParams({ token, token_type_hint: "access_token" }).toString();
    // Some introspect only the tokens that they keep, and say so of a JWT (RFC 7009, 2.2.1 has the code).
    const answer = await this.#requests.json("introspection", { method: "POST", url, headers, body, bytesMax }, [
      "unsupported_token_type",
    ]);
    if (answer === undefined) return null;
    const claims = asRecord(answer);
    if (typeof claims.active !== "boolean")
      throw new ProviderUnavailable("introspection: the answer doesn't say whether it is active");
    return claims;
  }
}

function isTime(value: unknown): value is number | undefined {
  return value === undefined || typeof value === "number";
}

/** Texts with spaces between; some providers send a list. */
function scopesOf({ scope }: Claims): string[] {
  const texts = Array.isArray(scope) ? scope : [scope];
  return texts.flatMap((text) => (typeof text === "string" ? text.split(" ") : []));
}

/** As RFC 6749, 2.3.1 wants client ids and secrets encoded before they become Basic credentials. */
function formEncoded(text: string): string {
  return encodeURIComponent(text).replaceAll("%20", "+");
}
