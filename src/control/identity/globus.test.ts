// What Globus is asked, byte for byte, and who is let in by its answers.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createFakeClock, type FakeClock } from "../../../test/support/fake-clock.ts";
import { type GlobusIdentityDetail, globusPerson, type MockGlobus, startMockGlobus } from "../../../test/support/mock-globus.ts";
import { Secret } from "../../core/secret.ts";
import type { TokenVerdict } from "../../domain/identity.ts";
import { userIdOf } from "../../domain/identity.ts";
import type { GlobusConfig } from "../../domain/identity-config.ts";
import { HttpClient } from "../../egress/http-client.ts";
import { IdentityProviders } from "./identity-providers.ts";

let globus: MockGlobus;
let client: HttpClient;
let clock: FakeClock;
let logged: string[];

beforeAll(async () => {
  globus = await startMockGlobus({ clientId: "app-1", clientSecret: "se+cr/et=" });
  client = new HttpClient({ allowPrivate: true });
});

afterAll(async () => {
  await client.close();
  await globus.stop();
});

beforeEach(() => {
  globus.reset();
  clock = createFakeClock(Date.now());
  logged = [];
});

function providersWith(rules: Partial<GlobusConfig> = {}): IdentityProviders {
  const config: GlobusConfig = {
    clientId: globus.clientId,
    clientSecret: new Secret(globus.clientSecret),
    authUrl: globus.url,
    groupsUrl: globus.url,
    policies: [],
    groups: [],
    domains: [],
    groupsByDomain: new Map(),
    serviceUsernames: [],
    ...rules,
  };
  const write = (fields: unknown, message: string) => void logged.push(`${message} ${JSON.stringify(fields)}`);
  const log = { debug: write, info: write, warn: write, error: write };
  return new IdentityProviders({
    config: { globus: config, oidc: [], introspection: [], proxyHeader: null },
    client,
    clock,
    log,
  });
}

const token = "Ag-tok~en.1_";

function verify(rules: Partial<GlobusConfig> = {}, groups = false): Promise<TokenVerdict> {
  return providersWith(rules).verify(token, { groups });
}

/** The message of a refusal; anything else fails the test. */
async function refusal(rules: Partial<GlobusConfig>): Promise<string> {
  const verdict = await verify(rules);
  if (verdict.kind !== "refused") throw new Error(`not refused: ${JSON.stringify(verdict)}`);
  expect(verdict.message).not.toContain(token);
  return verdict.message;
}

/** Of a proven caller; anything else fails the test. */
async function proven(rules: Partial<GlobusConfig> = {}, groups = false) {
  const verdict = await verify(rules, groups);
  if (verdict.kind !== "proven") throw new Error(`not proven: ${JSON.stringify(verdict)}`);
  return verdict.identity;
}

function identity(username: string, provider: string, sub = `identity-of-${username}`): GlobusIdentityDetail {
  return { sub, username, name: "U", identity_provider: provider, identity_provider_display_name: `IdP ${provider}` };
}

describe("the requests", () => {
  const basic = `Basic ${Buffer.from("app-1:se+cr/et=").toString("base64")}`;

  test("without rules, it is one introspection: form-encoded, Basic, in the captured order", async () => {
    globus.tokens.set(token, globusPerson("u@uni.edu"));
    await proven();
    expect(globus.requests).toHaveLength(1);
    const [request] = globus.requests;
    expect(`${request?.method} ${request?.url}`).toBe("POST /v2/oauth2/token/introspect");
    expect(request?.headers.authorization).toBe(basic);
    expect(request?.headers["content-type"]).toBe("application/x-www-form-urlencoded");
    expect(request?.body).toBe("token=Ag-tok%7Een.1_&include=session_info%2Cidentity_set_detail");
  });

  test("policies are asked about if and only if there are any", async () => {
    globus.tokens.set(token, globusPerson("u@uni.edu"));
    await proven({ policies: ["p-1", "p-2"] });
    expect(globus.requests.map(({ body }) => body)).toEqual([
      "token=Ag-tok%7Een.1_&authentication_policies=p-1%2Cp-2&include=session_info%2Cidentity_set_detail",
    ]);
  });

  test("groups take a dependent token, and that one's Groups token, not the caller's", async () => {
    globus.tokens.set(token, globusPerson("u@uni.edu", { groups: [{ id: "g1" }] }));
    await proven({ groups: ["g1"] });
    const [, grant, groups] = globus.requests;
    expect(globus.requests).toHaveLength(3);
    expect(`${grant?.method} ${grant?.url}`).toBe("POST /v2/oauth2/token");
    expect(grant?.headers.authorization).toBe(basic);
    expect(grant?.headers["content-type"]).toBe("application/x-www-form-urlencoded");
    expect(grant?.body).toBe("grant_type=urn%3Aglobus%3Aauth%3Agrant_type%3Adependent_token&token=Ag-tok%7Een.1_");
    expect(`${groups?.method} ${groups?.url}`).toBe("GET /v2/groups/my_groups");
    expect(groups?.headers.authorization).toBe(`Bearer groups-token-for-${token}`);
    expect(groups?.body).toBe("");
  });

  test.each([
    ["no rule about groups", {}, false, 0],
    ["the gateway wants them", {}, true, 1],
    ["GLOBUS_GROUPS", { groups: ["g1"] }, false, 1],
    ["a rule for the caller's domain", { groupsByDomain: new Map([["uni.edu", ["g1"]]]) }, false, 1],
    ["a rule for another domain", { groupsByDomain: new Map([["anl.gov", ["g1"]]]) }, false, 0],
  ])("groups are asked for when needed: %s", async (_name, rules, wanted, times) => {
    globus.tokens.set(token, globusPerson("u@uni.edu", { groups: [{ id: "g1" }] }));
    const { groups } = await proven(rules, wanted);
    expect([globus.count("dependentToken"), globus.count("groups")]).toEqual([times, times]);
    expect(groups).toEqual(times === 0 ? null : [{ externalId: "g1", name: "g1" }]);
  });

  test("whoever is refused by domain or policy is not asked for groups", async () => {
    globus.tokens.set(token, globusPerson("u@uni.edu"));
    await refusal({ domains: ["anl.gov"], groups: ["g1"] });
    expect(globus.requests).toHaveLength(1);
  });
});

describe("who the caller is", () => {
  test("the identity of the session, not the token's own", async () => {
    const home = identity("u@uni.edu", "idp-uni");
    const work = identity("u@anl.gov", "idp-anl");
    const person = globusPerson("u@uni.edu", { identities: [home, work], session: [work.sub], overrides: { sub: home.sub } });
    globus.tokens.set(token, person);
    expect(await proven()).toEqual({
      userId: userIdOf("globus", work.sub),
      source: "globus",
      subject: work.sub,
      username: "u@anl.gov",
      name: "U",
      email: null,
      groups: null,
      idpId: "idp-anl",
      idpName: "IdP idp-anl",
      authService: "globus",
      issuedAtMs: null,
      expiresAtMs: person.exp * 1000,
    });
  });

  test("of several in the session, one of a permitted domain", async () => {
    const home = identity("u@uni.edu", "idp-uni");
    const work = identity("u@anl.gov", "idp-anl");
    globus.tokens.set(token, globusPerson("u@uni.edu", { identities: [home, work], session: [home.sub, work.sub] }));
    expect((await proven({ domains: ["anl.gov"] })).subject).toBe(work.sub);
    expect((await proven({ domains: ["anl.gov", "uni.edu"] })).subject).toBe(home.sub);
  });

  test("of two of one provider, the one that has signed in", async () => {
    const one = identity("a@uni.edu", "idp-uni");
    const other = identity("b@uni.edu", "idp-uni");
    globus.tokens.set(token, globusPerson("a@uni.edu", { identities: [one, other], session: [other.sub] }));
    expect((await proven()).username).toBe("b@uni.edu");
  });

  test("the identity is found by its provider when the authentication has another id", async () => {
    const overrides = { session_info: { authentications: { "other-id": { idp: "idp-of-uni.edu", auth_time: 1 } } } };
    globus.tokens.set(token, globusPerson("u@uni.edu", { overrides }));
    expect((await proven({ domains: ["uni.edu"] })).username).toBe("u@uni.edu");
  });

  test("groups are those in which a membership is active", async () => {
    const groups = [
      { id: "g1", name: "Physics", status: "active" },
      { id: "g2", name: "Invited", status: "invited" },
      { id: "g3", name: "Left", status: "left" },
      { id: "g4" },
    ];
    globus.tokens.set(token, globusPerson("u@uni.edu", { groups }));
    expect((await proven({}, true)).groups).toEqual([
      { externalId: "g1", name: "Physics" },
      { externalId: "g4", name: "g4" },
    ]);
  });

  test("somebody who is in no group has none, which is not the same as not asked", async () => {
    globus.tokens.set(token, globusPerson("u@uni.edu"));
    expect((await proven({}, true)).groups).toEqual([]);
  });
});

describe("rules", () => {
  const me = (changes = {}) => globus.tokens.set(token, globusPerson("u@uni.edu", changes));

  test("a domain that is not permitted is refused, naming those that are and the way back in", async () => {
    me();
    const message = await refusal({ domains: ["anl.gov", "alcf.anl.gov"] });
    expect(message).toContain("anl.gov, alcf.anl.gov");
    expect(message).toContain("uni.edu");
    expect(message).toContain("https://app.globus.org/logout");
  });

  test("domains are compared without regard to case", async () => {
    globus.tokens.set(token, globusPerson("U@UNI.edu"));
    expect((await proven({ domains: ["uni.edu"] })).username).toBe("U@UNI.edu");
  });

  test("the domain is what follows the last @: a Google account named like an address is Google's", async () => {
    globus.tokens.set(token, globusPerson("me@anl.gov@accounts.google.com"));
    expect(await refusal({ domains: ["anl.gov"] })).toContain("accounts.google.com");
    expect((await proven({ domains: ["accounts.google.com"] })).username).toBe("me@anl.gov@accounts.google.com");
  });

  test("a token of no session is refused, whatever the token's own username", async () => {
    me({ session: [] });
    expect(await refusal({})).toContain("https://app.globus.org/logout");
    expect(await refusal({ domains: ["uni.edu"] })).toContain("uni.edu");
  });

  test("every policy has to be met", async () => {
    me({ policies: { p2: false } });
    expect(await refusal({ policies: ["p1", "p2"] })).toContain("authentication policies");
    expect((await proven({ policies: ["p1"] })).username).toBe("u@uni.edu");
  });

  test.each([
    ["too few", { p1: { evaluation: true } }],
    ["none", undefined],
    ["not exactly true", { p1: { evaluation: true }, p2: { evaluation: "true" } }],
  ])("an answer with %s evaluations meets no policy", async (_name, policy_evaluations) => {
    me({ overrides: { policy_evaluations } });
    await refusal({ policies: ["p1", "p2"] });
  });

  test("GLOBUS_GROUPS wants one of them", async () => {
    me({ groups: [{ id: "G1" }] });
    expect(await refusal({ groups: ["g2", "g3"] })).toContain("Globus Group");
    expect((await proven({ groups: ["g2", "g1"] })).groups).toHaveLength(1);
  });

  test("an invitation is no membership", async () => {
    me({ groups: [{ id: "g1", status: "invited" }] });
    await refusal({ groups: ["g1"] });
  });

  test("groups of a domain are asked of its users alone", async () => {
    const rules = { groupsByDomain: new Map([["uni.edu", ["g9"]]]) };
    me({ groups: [{ id: "g1" }] });
    expect(await refusal(rules)).toContain("uni.edu");
    globus.tokens.set(token, globusPerson("u@anl.gov"));
    expect((await proven(rules)).username).toBe("u@anl.gov");
    globus.tokens.set(token, globusPerson("u@uni.edu", { groups: [{ id: "g9" }] }));
    expect((await proven(rules)).username).toBe("u@uni.edu");
  });

  test("both group rules hold together", async () => {
    me({ groups: [{ id: "g9" }] });
    await refusal({ groups: ["g1"], groupsByDomain: new Map([["uni.edu", ["g9"]]]) });
  });

  test.each(["<b>@uni.edu", ""])("the username %j is refused", async (username) => {
    me({ identities: [{ ...identity(username, "idp"), sub: "s" }], session: ["s"] });
    await refusal({});
  });

  test("a service account has no session: its client is the user, and group rules still hold", async () => {
    const account = globusPerson("robot@clients.auth.globus.org", {
      identities: [],
      client_id: "robot-client",
      groups: [{ id: "g1" }],
    });
    globus.tokens.set(token, account);
    const rules = { serviceUsernames: ["robot@clients.auth.globus.org"], domains: ["anl.gov"], policies: ["p1"] };
    const caller = await proven({ ...rules, groups: ["g1"] });
    expect(caller).toMatchObject({ subject: "robot-client", userId: userIdOf("globus", "robot-client"), idpId: null });
    expect(caller.username).toBe("robot@clients.auth.globus.org");
    await refusal({ ...rules, groups: ["g2"] });
    await refusal({ ...rules, serviceUsernames: [] });
    globus.tokens.set(token, { ...account, client_id: "" });
    await refusal(rules);
  });
});

describe("tokens that prove nothing", () => {
  test("an inactive one is unknown", async () => {
    expect(await verify({ groups: ["g1"] })).toEqual({ kind: "unknown" });
    expect(globus.requests).toHaveLength(1);
  });

  test("`active` has to be true itself", async () => {
    globus.tokens.set(token, globusPerson("u@uni.edu", { overrides: { active: "true" } }));
    expect((await verify()).kind).toBe("unavailable");
  });

  test("an active one that has expired is expired", async () => {
    const person = globusPerson("u@uni.edu");
    globus.tokens.set(token, person);
    await clock.advance(person.exp * 1000 - clock.nowMs() - 1);
    expect((await verify()).kind).toBe("proven");
    await clock.advance(1);
    expect(await verify()).toEqual({ kind: "expired" });
  });

  test("one that is revoked between the calls is unknown", async () => {
    globus.tokens.set(token, globusPerson("u@uni.edu"));
    globus.failures.set("dependentToken", { status: 400, body: '{"error":"invalid_grant"}' });
    expect(await verify({ groups: ["g1"] })).toEqual({ kind: "unknown" });
  });
});

describe("Globus away", () => {
  const steps = ["introspect", "dependentToken", "groups"] as const;
  const failures = [
    ["500", { status: 500 }],
    ["not JSON", { body: "<html>" }],
    ["another JSON", { body: "null" }],
    ["429", { status: 429 }],
    ["a redirect", { status: 302, headers: { location: "https://example.org/" } }],
  ] as const;

  test.each(steps.flatMap((step) => failures.map(([name, failure]) => [step, name, failure] as const)))(
    "%s answering %s is unavailable, not a refusal",
    async (step, _name, failure) => {
      globus.tokens.set(token, globusPerson("u@uni.edu", { groups: [{ id: "g1" }] }));
      globus.failures.set(step, failure);
      expect((await verify({ groups: ["g1"] })).kind).toBe("unavailable");
    },
  );

  test("no connection is unavailable", async () => {
    await globus.stop();
    try {
      const detail = expect.stringMatching(/^globus: introspection: connection_re(fused|set)$/);
      expect(await verify()).toEqual({ kind: "unavailable", detail });
    } finally {
      await globus.start();
    }
  });

  test("no answer is unavailable after five seconds", async () => {
    globus.failures.set("introspect", { hang: true });
    const startedAt = performance.now();
    expect(await verify()).toEqual({ kind: "unavailable", detail: "globus: introspection: timeout" });
    expect(performance.now() - startedAt).toBeGreaterThan(4900);
    expect(performance.now() - startedAt).toBeLessThan(9500);
  });

  test("a wrong secret of ours is unavailable, and said in the log once a minute, without the secret or the token", async () => {
    const providers = providersWith({ clientSecret: new Secret("wrong-secret") });
    const verdict = await providers.verify(token, { groups: false });
    expect(verdict).toEqual({ kind: "unavailable", detail: "globus: introspection: status 401 (invalid_client)" });
    await providers.verify("another-token", { groups: false });
    expect(logged).toHaveLength(1);
    expect(logged[0]).toContain("check its client id");
    await clock.advance(60_000);
    await providers.verify(token, { groups: false });
    expect(logged).toHaveLength(2);
    expect(logged.join()).not.toMatch(/wrong-secret|tok~en|another-token/);
  });

  test("an error that repeats what was sent is not repeated", async () => {
    globus.failures.set("introspect", { status: 400, body: JSON.stringify({ error: `bad token ${token}` }) });
    expect(await verify()).toEqual({ kind: "unavailable", detail: "globus: introspection: status 400" });
    expect(logged.join()).not.toContain(token);
  });

  test("an application without the Groups scope is a fault of the set-up", async () => {
    globus.tokens.set(token, globusPerson("u@uni.edu"));
    globus.failures.set("dependentToken", { body: "[]" });
    expect((await verify({ groups: ["g1"] })).kind).toBe("unavailable");
    expect(logged.join()).toContain("groups.api.globus.org");
  });
});
