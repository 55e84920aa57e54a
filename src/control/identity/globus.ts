// Globus Auth: introspects a caller's token, decides by session, policies and groups, and says what to do to whoever stays out.

import type { TokenVerdict } from "../../domain/identity.ts";
import { type ExternalGroup, type ProvenIdentity, userIdOf } from "../../domain/identity.ts";
import type { GlobusConfig } from "../../domain/identity-config.ts";
import { asRecord, asText, type Claims, emailOf, secondsToMs } from "./claims.ts";
import { activeGroups, dependentGroupsToken, domainOf, type GlobusIdentity, sessionIdentities } from "./globus-answers.ts";
import { globusRefusals } from "./globus-refusals.ts";
import { type ProviderAccess, ProviderRequests } from "./provider-requests.ts";
import { ProviderUnavailable, type TokenProvider } from "./token-provider.ts";

const introspectionBytesMax = 1024 * 1024;
const groupsBytesMax = 8 * 1024 * 1024;

type Caller = Pick<ProvenIdentity, "subject" | "name" | "email" | "idpId" | "idpName"> & { username: string; domain: string };

/** Thrown to leave the sequence of decisions. */
class Refused extends Error {}

export class GlobusProvider implements TokenProvider {
  readonly name = "globus";
  readonly #config: GlobusConfig;
  readonly #access: ProviderAccess;
  readonly #requests: ProviderRequests;
  readonly #refusals: ReturnType<typeof globusRefusals>;

  constructor(config: GlobusConfig, access: ProviderAccess) {
    this.#config = config;
    this.#access = access;
    this.#requests = new ProviderRequests(this.name, access);
    this.#refusals = globusRefusals(config.domains);
  }

  async verify(token: string, wanted: { groups: boolean }): Promise<TokenVerdict> {
    const answer = await this.#introspect(token);
    if (answer.active !== true) return { kind: "unknown" };
    if (typeof answer.exp !== "number") throw new ProviderUnavailable("introspection: an active token without exp");
    const expiresAtMs = secondsToMs(answer.exp);
    if (expiresAtMs <= this.#access.clock.nowMs()) return { kind: "expired" };
    try {
      const { domain, ...caller } = this.#caller(answer);
      const groups = this.#needsGroups(domain, wanted) ? await this.#groups(token) : null;
      // Globus has forgotten the token since the introspection.
      if (groups === "unknown") return { kind: "unknown" };
      this.#checkGroups(domain, groups ?? []);
      const userId = userIdOf("globus", caller.subject);
      return {
        kind: "proven",
        identity: { userId, source: "globus", ...caller, groups, authService: "globus", issuedAtMs: null, expiresAtMs },
      };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return { kind: "refused", message: error.message };
    }
  }

  async #introspect(token: string): Promise<Claims> {
    const form = new URLSearchParams({ token });
    if (this.#config.policies.length > 0) form.set("authentication_policies", this.#config.policies.join(","));
    form.set("include", "session_info,identity_set_detail");
    const url = `${this.#config.authUrl}/v2/oauth2/token/introspect`;
    const answer = asRecord(await this.#requests.json("introspection", this.#post(url, form)));
    if (typeof answer.active !== "boolean")
      throw new ProviderUnavailable("introspection: the answer doesn't say whether it is active");
    return answer;
  }

  #post(url: string, form: URLSearchParams) {
    const { clientId, clientSecret } = this.#config;
    const headers = {
      authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret.expose()}`).toString("base64")}`,
      "content-type": "application/x-www-form-urlencoded",
      accept: "application/json",
    };
    return { method: "POST", url, headers, body: form.toString(), bytesMax: introspectionBytesMax } as const;
  }

  /** Who this is, once session and policies have been looked at. */
  #caller(answer: Claims): Caller {
    const username = asText(answer.username);
    const isService = username !== null && this.#config.serviceUsernames.includes(username);
    const caller = isService ? this.#serviceAccount(answer, username) : this.#person(answer);
    if (/[<>]/.test(caller.username)) throw new Refused(this.#refusals.username);
    return caller;
  }

  #serviceAccount(answer: Claims, username: string): Caller {
    const [subject, name, issuer] = [asText(answer.client_id), asText(answer.name), asText(answer.iss)];
    if (subject === null || name === null || issuer === null) throw new Refused(this.#refusals.serviceAccount);
    return { subject, username, name, email: emailOf(answer), idpId: null, idpName: issuer, domain: domainOf(username) };
  }

  #person(answer: Claims): Caller {
    const identities = sessionIdentities(answer);
    if (identities.length === 0) throw new Refused(this.#refusals.noSession);
    const { domains } = this.#config;
    const permitted = identities.filter(({ domain }) => domains.length === 0 || domains.includes(domain));
    // Of several, the one that the token itself is for: which comes first in the answer is up to Globus.
    const identity = permitted.find(({ username }) => username === answer.username) ?? permitted[0];
    if (identity === undefined) throw new Refused(this.#refusals.domain(identities.map(({ domain }) => domain)));
    this.#checkPolicies(answer);
    return this.#named(identity);
  }

  #named({ username, ...identity }: GlobusIdentity): Caller {
    if (username === null) throw new Refused(this.#refusals.username);
    return { username, ...identity };
  }

  #checkPolicies(answer: Claims): void {
    const { policies } = this.#config;
    if (policies.length === 0) return;
    const evaluations = Object.values(asRecord(answer.policy_evaluations)).map((entry) => asRecord(entry).evaluation);
    const isMet = evaluations.length === new Set(policies).size && evaluations.every((evaluation) => evaluation === true);
    if (!isMet) throw new Refused(this.#refusals.policy);
  }

  #needsGroups(domain: string, wanted: { groups: boolean }): boolean {
    return wanted.groups || this.#config.groups.length > 0 || this.#config.groupsByDomain.has(domain);
  }

  async #groups(token: string): Promise<ExternalGroup[] | "unknown"> {
    const form = new URLSearchParams({ grant_type: "urn:globus:auth:grant_type:dependent_token", token });
    const grant = this.#post(`${this.#config.authUrl}/v2/oauth2/token`, form);
    const granted = await this.#requests.json("dependent token", grant, ["invalid_grant"]);
    if (granted === undefined) return "unknown";
    const groupsToken = dependentGroupsToken(granted);
    if (groupsToken === null) throw this.#requests.misconfigured("dependent token: none for groups.api.globus.org");
    const answer = await this.#requests.json("groups", {
      method: "GET",
      url: `${this.#config.groupsUrl}/v2/groups/my_groups`,
      headers: { authorization: `Bearer ${groupsToken}`, accept: "application/json" },
      bytesMax: groupsBytesMax,
    });
    const groups = activeGroups(answer);
    if (groups === null) throw new ProviderUnavailable("groups: the answer is not a list");
    return groups;
  }

  #checkGroups(domain: string, groups: readonly ExternalGroup[]): void {
    const own = new Set(groups.map(({ externalId }) => externalId.toLowerCase()));
    const isInOneOf = (ids: readonly string[]) => ids.some((id) => own.has(id.toLowerCase()));
    const ofDomain = this.#config.groupsByDomain.get(domain);
    if (ofDomain !== undefined && !isInOneOf(ofDomain)) throw new Refused(this.#refusals.domainGroup(domain));
    if (this.#config.groups.length > 0 && !isInOneOf(this.#config.groups)) throw new Refused(this.#refusals.group);
  }
}
