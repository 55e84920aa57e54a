// The section `identity` of headgate.yaml: identity providers whose tokens callers may come with.
import { z } from "zod";
import { checkAuthHeaderName, checkCredential, checkEndpointUrl } from "../domain/endpoint-fields.ts";
import { credentialHeaders } from "../domain/http-headers.ts";
import { checkNetwork, documented, mustBe, secretText, text, textList, textOrList, trueOrFalse, withDefault } from "./fields.ts";

/** The URL of an identity provider. */
export function checkProviderUrl(value: string): string | null {
  return checkEndpointUrl(value) === null ? null : "must be an http or https URL without user name, query or fragment";
}

/** A client's id; basic authentication puts a colon behind it. */
export function checkClientId(value: string): string | null {
  return checkCredential(value) ?? (value.includes(":") ? "must not contain ':'" : null);
}

/** The path of a claim. */
function checkClaim(value: string): string | null {
  return /^[^\s.]+(\.[^\s.]+)*$/.test(value) && value.length <= 256
    ? null
    : "must be the name of a claim, such as groups or realm.roles";
}

function checkAudience(value: string): string | null {
  return value.length >= 1 && value.length <= 512 && !/\s/.test(value) ? null : "must be 1 to 512 characters without spaces";
}

/** A header that a proxy sets to say who the caller is. */
function checkProxyHeader(value: string): string | null {
  const wrong = checkAuthHeaderName(value);
  if (wrong !== null) return wrong.replace("can't carry a credential", "can't say who the caller is");
  const name = value.toLowerCase();
  return (credentialHeaders as readonly string[]).includes(name) ? `'${name}' carries callers' credentials` : null;
}

/** Of a network of everybody, anybody could say to be anybody. */
function checkProxyNetwork(value: string): string | null {
  return checkNetwork(value) ?? (/\/0+$/.test(value) ? "is every address there is: anybody could then say to be anybody" : null);
}

const groupsClaim = withDefault(text(checkClaim), "groups", {
  type: "claim",
  description: "The claim that lists the caller's groups; dots lead into claims inside claims (`realm_access.roles`).",
});

const oidc = z.strictObject({
  issuer: documented(text(checkProviderUrl), {
    type: "URL",
    description: "The provider, exactly as its tokens' `iss` has it. Its keys are found by OpenID discovery.",
  }),
  audience: documented(textOrList(checkAudience), {
    type: "text or list",
    description: "Whom tokens must be meant for: their `aud` must have one of these.",
  }),
  groups_claim: groupsClaim,
  username_claim: withDefault(text(checkClaim), "email", {
    type: "claim",
    description: "The claim that names the caller for people.",
  }),
  client_id: documented(text(checkClientId).optional(), {
    type: "text",
    description: "Headgate's own client at the provider, for sign-in to the dashboard; calls do without.",
  }),
  client_secret: documented(secretText(checkCredential).optional(), {
    type: "text",
    description: "That client's secret, best written as `${VARIABLE}`.",
  }),
});

const introspection = z.strictObject({
  url: documented(text(checkProviderUrl), {
    type: "URL",
    description:
      "The provider's introspection endpoint (RFC 7662), which is asked about tokens that are not JWTs of a known issuer.",
  }),
  client_id: documented(text(checkClientId), { type: "text", description: "Headgate's client there." }),
  client_secret: documented(secretText(checkCredential), {
    type: "text",
    description: "That client's secret, best written as `${VARIABLE}`.",
  }),
  audience: documented(textOrList(checkAudience).optional(), {
    type: "text or list",
    description: "Whom tokens must be meant for: their `aud` must have one of these.",
    defaultText: "not checked",
  }),
  scope: documented(
    text((value) =>
      /^[\x21\x23-\x5b\x5d-\x7e]+( +[\x21\x23-\x5b\x5d-\x7e]+)*$/.test(value) ? null : "must be scopes, separated by spaces",
    ).optional(),
    {
      type: "text",
      description: "Scopes that a token must have, all of them, separated by spaces.",
      defaultText: "not checked",
    },
  ),
  groups_claim: groupsClaim,
  username_claim: withDefault(text(checkClaim), "username", {
    type: "claim",
    description: "The claim that names the caller for people.",
  }),
});

const proxyHeader = z.strictObject({
  enabled: withDefault(trueOrFalse(), false, {
    type: "`true` or `false`",
    description: "Whether a proxy in front may say who the caller is.",
  }),
  user_header: withDefault(text(checkProxyHeader), "x-forwarded-email", {
    type: "header name",
    description: "The header that names the caller. The proxy must remove it from what callers send.",
  }),
  groups_header: withDefault(text(checkProxyHeader), "x-forwarded-groups", {
    type: "header name",
    description:
      "The header that lists the caller's groups, separated by commas. The proxy must remove it from what callers send.",
  }),
  trusted_proxies: withDefault(textList(checkProxyNetwork), [], {
    type: "list of addresses or networks",
    description: "From where alone these headers are believed; it must name one at least when `enabled`.",
  }),
});

export const identity = z.strictObject({
  require_rule: withDefault(trueOrFalse(), false, {
    type: "`true` or `false`",
    description: "Refuses to start, instead of warning, when Globus is set up without a rule that keeps anybody out.",
  }),
  oidc: z.array(oidc, mustBe("a list of OpenID providers")).prefault([]),
  introspection: z.array(introspection, mustBe("a list of introspection endpoints")).prefault([]),
  proxy_header: proxyHeader.prefault({}),
});
