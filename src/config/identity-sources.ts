// The section `identity` and the Globus variables as the program uses them, with warnings about what lets more in than it seems.
import { type GlobusConfig, hasGlobusRule, type IdentityConfig } from "../domain/identity-config.ts";
import { plainHttpWarning } from "./plain-http-warning.ts";
import type { ParsedFile } from "./schema.ts";

export function toIdentityConfig(section: ParsedFile["identity"], globus: GlobusConfig | null): IdentityConfig {
  const { enabled, user_header, groups_header, trusted_proxies } = section.proxy_header;
  return {
    globus,
    oidc: section.oidc.map((provider) => ({
      issuer: provider.issuer,
      audiences: provider.audience,
      groupsClaim: provider.groups_claim,
      usernameClaim: provider.username_claim,
      clientId: provider.client_id ?? null,
      clientSecret: provider.client_secret ?? null,
    })),
    introspection: section.introspection.map((provider) => ({
      url: provider.url,
      clientId: provider.client_id,
      clientSecret: provider.client_secret,
      audiences: provider.audience ?? null,
      scopes: [...new Set(provider.scope?.split(/ +/) ?? [])],
      groupsClaim: provider.groups_claim,
      usernameClaim: provider.username_claim,
    })),
    proxyHeader: enabled
      ? { userHeader: user_header.toLowerCase(), groupsHeader: groups_header.toLowerCase(), trustedProxies: trusted_proxies }
      : null,
  };
}

/** `requireRule`: Globus without a rule is a problem and no warning. */
export function checkIdentity(
  { globus, oidc, introspection }: IdentityConfig,
  { requireRule, problems, warnings }: { requireRule: boolean; problems: string[]; warnings: string[] },
): void {
  if (globus !== null && !hasGlobusRule(globus)) {
    const whoComesIn =
      globus.groupsByDomain.size === 0
        ? "Globus is set up without any rule: EVERY Globus user in the world may call"
        : "Globus is set up with rules for some domains alone: EVERY Globus user of any other domain may call";
    const cure = "set AUTHORIZED_IDP_DOMAINS, GLOBUS_GROUPS or GLOBUS_POLICIES";
    if (requireRule) problems.push(`identity.require_rule: ${whoComesIn}; ${cure}`);
    else warnings.push(`${whoComesIn}; ${cure} (\`identity: { require_rule: true }\` refuses to start without)`);
  }
  introspection.forEach(({ audiences, scopes }, index) => {
    if (audiences === null && scopes.length === 0) {
      warnings.push(
        `identity.introspection[${index}]: without audience and scope, every token that this provider knows is taken, whatever application it was made for`,
      );
    }
  });
  const urls: [where: string, url: string][] = [
    ...oidc.map(({ issuer }, index): [string, string] => [`identity.oidc[${index}].issuer`, issuer]),
    ...introspection.map(({ url }, index): [string, string] => [`identity.introspection[${index}].url`, url]),
  ];
  if (globus !== null) urls.push(["HEADGATE_GLOBUS_AUTH_URL", globus.authUrl], ["HEADGATE_GLOBUS_GROUPS_URL", globus.groupsUrl]);
  for (const [where, url] of urls) {
    const warning = plainHttpWarning(where, url);
    if (warning !== null) warnings.push(warning);
  }
}
