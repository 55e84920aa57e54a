// Which identity providers are asked about callers' tokens, as the configuration says it.
import type { Secret } from "../core/secret.ts";

/** Globus Auth, by the environment variables of Argonne's gateway. */
export interface GlobusConfig {
  clientId: string;
  clientSecret: Secret;
  /** No trailing slash: https://auth.globus.org. */
  authUrl: string;
  /** No trailing slash: https://groups.api.globus.org. */
  groupsUrl: string;
  /** Authentication policies that must all have been met. */
  policies: readonly string[];
  /** Groups of which a caller must be in one; empty: anybody. */
  groups: readonly string[];
  /** Domains of which a caller's session must have one; empty: any. Lower case. */
  domains: readonly string[];
  /** Domain (lower case) → groups of which its callers must be in one. */
  groupsByDomain: ReadonlyMap<string, readonly string[]>;
  /** Usernames of service accounts: they have no session, so session and policy rules leave them out. */
  serviceUsernames: readonly string[];
}

export interface OidcConfig {
  /** As the tokens' `iss` has it. */
  issuer: string;
  /** Of which a token's `aud` must have one. */
  audiences: readonly string[];
  /** Names of claims, with dots for claims inside claims. */
  groupsClaim: string;
  usernameClaim: string;
  /** Set: people may sign in to the dashboard with it. */
  clientId: string | null;
  clientSecret: Secret | null;
}

export interface IntrospectionConfig {
  url: string;
  clientId: string;
  clientSecret: Secret;
  /** Of which a token's `aud` must have one; null: not checked. */
  audiences: readonly string[] | null;
  /** Scopes that a token must all have; empty: not checked. */
  scopes: readonly string[];
  groupsClaim: string;
  usernameClaim: string;
}

export interface ProxyHeaderConfig {
  /** Lower case. */
  userHeader: string;
  /** Lower case; its value is a list of groups, split at commas. */
  groupsHeader: string;
  /** Addresses and CIDR ranges whose word is taken. */
  trustedProxies: readonly string[];
}

export interface IdentityConfig {
  globus: GlobusConfig | null;
  oidc: readonly OidcConfig[];
  introspection: readonly IntrospectionConfig[];
  /** Null: no proxy's word is taken. */
  proxyHeader: ProxyHeaderConfig | null;
}

/**
 * Whether some rule keeps Globus users out who come from anywhere. Groups by domain are none: they say nothing about users of
 * other domains.
 */
export function hasGlobusRule({ policies, groups, domains }: GlobusConfig): boolean {
  return policies.length + groups.length + domains.length > 0;
}
