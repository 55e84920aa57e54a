// All identity providers as one: chooses whom to ask about a token, and turns every failure into a verdict.
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import type { TokenVerdict } from "../../domain/identity.ts";
import type { IdentityConfig } from "../../domain/identity-config.ts";
import type { HttpClient } from "../../egress/http-client.ts";
import { GlobusProvider } from "./globus.ts";
import { IntrospectionProvider } from "./introspection.ts";
import { OidcProvider } from "./oidc.ts";
import { ProviderUnavailable, type TokenProvider } from "./token-provider.ts";
import { unverifiedIssuer } from "./unverified-issuer.ts";

export interface IdentityProvidersOptions {
  config: IdentityConfig;
  /** With `allowPrivate`: an administrator has named the providers. Not closed here. */
  client: HttpClient;
  clock: Clock;
  log: Logger;
  /** For each call to a provider; asking Globus takes up to three, a provider's first JWT two. */
  callTimeoutMs?: number;
}

const callTimeoutMsDefault = 5000;
/** Far above what providers issue, and what is sent on to them in a form. */
const tokenLengthMax = 16 * 1024;
/** RFC 6749, appendix A.12, less the space. */
const tokenCharacters = /^[\x21-\x7e]+$/;

/** The data plane's IdentitySource, but for `seen`. Keeps nothing about tokens or callers. */
export class IdentityProviders {
  readonly #log: Logger;
  readonly #globus: readonly TokenProvider[];
  readonly #oidc: readonly TokenProvider[];
  readonly #introspection: readonly TokenProvider[];

  constructor({ config, client, clock, log, callTimeoutMs = callTimeoutMsDefault }: IdentityProvidersOptions) {
    const access = { client, clock, log, callTimeoutMs };
    this.#log = log;
    this.#globus = config.globus === null ? [] : [new GlobusProvider(config.globus, access)];
    this.#oidc = config.oidc.map((entry) => new OidcProvider(entry, access));
    this.#introspection = config.introspection.map((entry) => new IntrospectionProvider(entry, access));
  }

  /** Whether some provider could have issued this. False for keys (`sk-…`), which no provider ever sees. */
  mayKnow(token: string): boolean {
    return this.#askedAbout(token).length > 0;
  }

  /** Asks one after the other; the first that knows the token decides. Never rejects. */
  async verify(token: string, wanted: { groups: boolean }): Promise<TokenVerdict> {
    let verdict: TokenVerdict = { kind: "unknown" };
    for (const provider of this.#askedAbout(token)) {
      const next = await this.#verdictOf(provider, token, wanted);
      if (next.kind !== "unknown" && next.kind !== "unavailable") return next;
      // Nobody knows it, as far as can be told: one that can't be asked might.
      if (next.kind === "unavailable") verdict = next;
    }
    return verdict;
  }

  #askedAbout(token: string): readonly TokenProvider[] {
    if (token.startsWith("sk-") || token.length > tokenLengthMax || !tokenCharacters.test(token)) return [];
    const jwt = unverifiedIssuer(token);
    if (jwt === null) return [...this.#globus, ...this.#introspection];
    const itsIssuer = this.#oidc.filter(({ name }) => name === jwt.issuer);
    return itsIssuer.length > 0 ? itsIssuer : this.#introspection;
  }

  async #verdictOf(provider: TokenProvider, token: string, wanted: { groups: boolean }): Promise<TokenVerdict> {
    try {
      return await provider.verify(token, wanted);
    } catch (error) {
      if (error instanceof ProviderUnavailable) return { kind: "unavailable", detail: `${provider.name}: ${error.message}` };
      // A fault of ours: the message may have the token in it.
      this.#log.error({ provider: provider.name, error: (error as Error | null)?.name }, "checking a token failed");
      return { kind: "unavailable", detail: `${provider.name}: an internal error` };
    }
  }
}
