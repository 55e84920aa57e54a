// What is read of Globus's answers; first-gateway's own reading of them, but for a few forms that Globus has and it ignores.
import type { ExternalGroup } from "../../domain/identity.ts";
import { asRecord, asText, type Claims, emailOf } from "./claims.ts";

/** An identity of which the caller's session is. */
export interface GlobusIdentity {
  subject: string;
  username: string | null;
  name: string | null;
  email: string | null;
  idpId: string | null;
  idpName: string | null;
  /** Of the username, lower case; empty when it has none. */
  domain: string;
}

/** What follows the last `@`: in `me@anl.gov@accounts.google.com`, Google vouches for the caller, not Argonne. Lower case. */
export function domainOf(username: string): string {
  const at = username.lastIndexOf("@");
  return at === -1 ? "" : username.slice(at + 1).toLowerCase();
}

/** The identities of the caller's set with which they have signed in for this session, in the order of its authentications. */
export function sessionIdentities(answer: Claims): GlobusIdentity[] {
  const set = Array.isArray(answer.identity_set_detail) ? answer.identity_set_detail.map(asRecord) : [];
  const found: GlobusIdentity[] = [];
  for (const [id, authentication] of Object.entries(asRecord(asRecord(answer.session_info).authentications))) {
    const idp = asText(asRecord(authentication).idp);
    const ofProvider = set.filter(({ identity_provider }) => idp !== null && identity_provider === idp);
    // Two identities of one provider: the authentication is of the one by whose id it is listed.
    const detail = ofProvider.find(({ sub }) => sub === id) ?? ofProvider[0];
    const subject = asText(detail?.sub);
    if (detail !== undefined && subject !== null) found.push(readIdentity(subject, detail));
  }
  return found;
}

function readIdentity(subject: string, detail: Claims): GlobusIdentity {
  const username = asText(detail.username);
  return {
    subject,
    username,
    name: asText(detail.name),
    email: emailOf(detail),
    idpId: asText(detail.identity_provider),
    idpName: asText(detail.identity_provider_display_name),
    domain: domainOf(username ?? ""),
  };
}

/** The token for the Groups service in the answer to a dependent token grant; null: none. */
export function dependentGroupsToken(answer: unknown): string | null {
  const tokens = Array.isArray(answer) ? answer.map(asRecord) : [];
  const groups = tokens.find(({ resource_server }) => resource_server === "groups.api.globus.org");
  const token = groups?.access_token;
  return typeof token === "string" && /^[\x21-\x7e]+$/.test(token) ? token : null;
}

/**
 * The groups of a `my_groups` answer in which the caller is now: it also lists those that they are invited to, have asked
 * to join, or have left, as `my_memberships` (one for each of their identities) tell. Null: it is no list.
 */
export function activeGroups(answer: unknown): ExternalGroup[] | null {
  if (!Array.isArray(answer)) return null;
  const groups: ExternalGroup[] = [];
  for (const group of answer.map(asRecord)) {
    const externalId = asText(group.id);
    if (externalId !== null && isActive(group.my_memberships))
      groups.push({ externalId, name: asText(group.name) ?? externalId });
  }
  return groups;
}

function isActive(memberships: unknown): boolean {
  return !Array.isArray(memberships) || memberships.some((membership) => asRecord(membership).status === "active");
}
