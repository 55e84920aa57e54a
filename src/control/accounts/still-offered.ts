// Whether people may still sign in as a session began: who is taken out of the configuration vouches for nobody any more.
import type { OidcConfig } from "../../domain/identity-config.ts";

interface OfferedWays {
  oidc: readonly Pick<OidcConfig, "issuer" | "clientId">[];
  /** Whether some proxy is trusted to say who somebody is. */
  hasProxy: boolean;
}

/** `method`: of the session; `source`: of its user, for an OpenID provider its issuer. */
export function isStillOffered({ oidc, hasProxy }: OfferedWays, method: string, source: string): boolean {
  if (method === "oidc") return oidc.some(({ issuer, clientId }) => issuer === source && clientId !== null);
  return method !== "proxy" || hasProxy;
}
