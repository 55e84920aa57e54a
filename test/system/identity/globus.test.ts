// Callers with Globus tokens at a whole Headgate: the acceptance cases of Argonne's gateway, against a Globus that speaks its wire format.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { type ManifestServer, manifestEntry, startManifestServer } from "../../support/manifest-server.ts";
import { globusPerson, type MockGlobus, startMockGlobus } from "../../support/mock-globus.ts";
import { type Provider, startProvider } from "../../support/provider.ts";
import { ShiftedClock } from "../../support/shifted-clock.ts";
import { refusal, type Site, startSite, statuses, upstreamKey } from "./site.ts";

let globus: MockGlobus;

beforeAll(async () => {
  globus = await startMockGlobus();
});
afterAll(() => globus.stop());
beforeEach(async () => {
  globus.reset();
  await globus.start();
});

const seconds = () => Math.floor(Date.now() / 1000);

function variables(more: Record<string, string> = {}): Record<string, string> {
  return {
    GLOBUS_APPLICATION_ID: globus.clientId,
    GLOBUS_APPLICATION_SECRET: globus.clientSecret,
    HEADGATE_GLOBUS_AUTH_URL: globus.url,
    HEADGATE_GLOBUS_GROUPS_URL: globus.url,
    ...more,
  };
}

let tokensMade = 0;

/** The token of somebody who has signed in. */
function person(username = "u@uni.edu", changes: Parameters<typeof globusPerson>[1] = {}): string {
  const token = `Ag${++tokensMade}token-of-${username}`;
  globus.tokens.set(token, globusPerson(username, changes));
  return token;
}

describe("with a rule about domains", () => {
  let site: Site;
  let clock: ShiftedClock;

  beforeEach(async () => {
    clock = new ShiftedClock();
    site = await startSite({ env: variables({ AUTHORIZED_IDP_DOMAINS: "uni.edu, lab.gov" }), models: ["m", "n"], clock });
  });
  afterEach(() => site?.stop());

  test("case 20: without Authorization 401, which says how to send one; `bearer` may be written in lower case", async () => {
    const answer = await site.chat(null);
    expect(refusal(answer)).toEqual([401, "missing_key"]);
    expect(answer.headers["www-authenticate"]).toBe("Bearer");
    expect(answer.body.error.message).toContain("Authorization");

    const token = person();
    expect((await site.chat({ authorization: `bearer ${token}` })).status).toBe(200);
    expect((await site.chat({ authorization: `Bearer ${token}` })).status).toBe(200);
    expect((await site.chat({ "x-api-key": token })).status).toBe(200);
    for (const authorization of [token, `Basic ${token}`, "Bearer", "Bearer "]) {
      expect((await site.chat({ authorization })).status).toBe(401);
    }
    expect(globus.count("introspect")).toBe(1);
  });

  test("case 21: an inactive token gets 401, and again with the same message without another introspection", async () => {
    const [first, second] = [await site.chat("inactive-token"), await site.chat("inactive-token")];
    expect(refusal(first)).toEqual([401, "invalid_key"]);
    expect(first.headers["www-authenticate"]).toBe("Bearer");
    expect(second.text).toBe(first.text);
    expect(globus.count("introspect")).toBe(1);

    globus.tokens.set("inactive-token", globusPerson("u@uni.edu"));
    clock.forward(10_001);
    expect((await site.chat("inactive-token")).status).toBe(200);
  });

  test("case 22: a token past its exp gets 401", async () => {
    const token = person("u@uni.edu", { exp: seconds() - 5 });
    expect(refusal(await site.chat(token))).toEqual([401, "key_expired"]);
    expect(refusal(await site.chat(token))).toEqual([401, "key_expired"]);
    expect(globus.count("introspect")).toBe(1);
  });

  test("case 22: what is known of a token never outlives its exp, not even while Globus is away", async () => {
    const [token, other] = [person("u@uni.edu", { exp: seconds() + 60 }), person("v@uni.edu", { exp: seconds() + 60 })];
    expect(statuses([await site.chat(token), await site.chat(token), await site.chat(other)])).toEqual({ 200: 3 });
    expect(globus.count("introspect")).toBe(2);
    clock.forward(61_000);
    expect(refusal(await site.chat(token))).toEqual([401, "key_expired"]);
    await globus.stop();
    expect(refusal(await site.chat(other))).toEqual([503, "auth_unavailable"]);
  });

  test("case 22: repeated use is one introspection; it is renewed behind the caller's back", async () => {
    const token = person();
    for (let call = 0; call < 5; call++) expect((await site.chat(token)).status).toBe(200);
    expect(globus.count("introspect")).toBe(1);
    clock.forward(4 * 60_000 + 1000);
    globus.delayMs = 300;
    expect(statuses(await Promise.all(Array.from({ length: 20 }, () => site.chat(token))))).toEqual({ 200: 20 });
    await site.headgate.eventually(async () => globus.count("introspect") === 2);
    clock.forward(3 * 60_000);
    await site.headgate.eventually(async () => (await site.chat(token)).status === 200);
    expect(globus.count("introspect")).toBe(2);
  });

  test("case 22: a token that was revoked is refused within five minutes", async () => {
    const token = person();
    expect((await site.chat(token)).status).toBe(200);
    globus.tokens.delete(token);
    clock.forward(5 * 60_000);
    expect(refusal(await site.chat(token))).toEqual([401, "invalid_key"]);
  });

  test("case 22: 50 first uses of a token at once are 1 introspection on the wire", async () => {
    const token = person();
    globus.delayMs = 200;
    const answers = await Promise.all(Array.from({ length: 50 }, () => site.chat(token)));
    expect(statuses(answers)).toEqual({ 200: 50 });
    expect(globus.requests.map(({ call }) => call)).toEqual(["introspect"]);
  });

  test("case 22: 50 first uses of an inactive token at once are 1 introspection too", async () => {
    globus.delayMs = 200;
    const answers = await Promise.all(Array.from({ length: 50 }, () => site.chat("nobody-knows-it")));
    expect(statuses(answers)).toEqual({ 401: 50 });
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(globus.count("introspect")).toBe(1);
  });

  test("case 23: introspection is a form with Basic authentication that asks for session and identities, and for nothing else", async () => {
    const token = person("u@uni.edu");
    await site.chat(token);
    const [request] = globus.requests;
    expect(request).toMatchObject({ method: "POST", url: "/v2/oauth2/token/introspect" });
    expect(request?.headers["content-type"]).toBe("application/x-www-form-urlencoded");
    const basic = Buffer.from(`${globus.clientId}:${globus.clientSecret}`).toString("base64");
    expect(request?.headers.authorization).toBe(`Basic ${basic}`);
    expect(request?.body).toBe(`token=${encodeURIComponent(token)}&include=session_info%2Cidentity_set_detail`);
    expect(globus.requests).toHaveLength(1);
  });

  test("case 24: while Globus takes 2 s over a new token, health and known callers are answered as ever", async () => {
    const known = person("known@uni.edu");
    const key = await site.headgate.createKey();
    expect((await site.chat(known)).status).toBe(200);
    globus.delayMs = 2000;
    let isAnswered = false;
    const slow = site.chat(person("new@uni.edu")).then((answer) => {
      isAnswered = true;
      return answer;
    });
    await site.headgate.eventually(async () => globus.count("introspect") === 2);
    const tookMs: number[] = [];
    while (!isAnswered) {
      for (const call of [
        () => site.get("/resource_server/health", null),
        () => site.whoami(known),
        () => site.chat(known),
        () => site.chat(key),
      ]) {
        const startedAtMs = performance.now();
        expect((await call()).status).toBe(200);
        tookMs.push(performance.now() - startedAtMs);
      }
    }
    // Whoever had to wait for Globus would have been answered with the new caller, in the first round.
    expect(tookMs.length).toBeGreaterThan(3 * 4);
    expect(tookMs.sort((a, b) => a - b)[Math.floor(tookMs.length / 2)]).toBeLessThan(200);
    expect((await slow).status).toBe(200);
  });

  test("case 24: with Globus down, unknown tokens get 503 auth_unavailable, and known ones keep working for their grace", async () => {
    const known = person();
    expect((await site.chat(known)).status).toBe(200);
    await globus.stop();
    const newcomer = person("new@uni.edu");
    const refused = await site.chat(newcomer);
    expect(refusal(refused)).toEqual([503, "auth_unavailable"]);
    expect(refused.headers["retry-after"]).toBe("2");
    expect(refused.text).not.toContain("127.0.0.1");
    for (let minute = 0; minute < 14; minute++) {
      expect([minute, (await site.chat(known)).status]).toEqual([minute, 200]);
      clock.forward(60_000);
    }
    clock.forward(60_000);
    expect(refusal(await site.chat(known))).toEqual([503, "auth_unavailable"]);

    await globus.start();
    clock.forward(2001);
    expect((await site.chat(known)).status).toBe(200);
    expect((await site.chat(newcomer)).status).toBe(200);
  });

  test("case 24: a known token whose callers were away when Globus went has its grace too", async () => {
    const known = person();
    expect((await site.chat(known)).status).toBe(200);
    await globus.stop();
    clock.forward(12 * 60_000);
    const answers = await Promise.all(Array.from({ length: 5 }, () => site.chat(known)));
    expect(statuses(answers)).toEqual({ 200: 5 });
  });

  test("case 24: a Globus that never answers is a Globus that is down, after 5 s", async () => {
    globus.failures.set("introspect", { hang: true });
    const startedAtMs = Date.now();
    expect(refusal(await site.chat(person()))).toEqual([503, "auth_unavailable"]);
    expect(Date.now() - startedAtMs).toBeGreaterThan(4500);
    expect(Date.now() - startedAtMs).toBeLessThan(9000);
  });

  test("case 24: a rule about groups that comes while Globus hangs delays a known caller once, not at every call", async () => {
    const known = person("u@uni.edu", { groups: [{ id: "g1" }] });
    expect((await site.chat(known)).status).toBe(200);
    globus.failures.set("introspect", { hang: true });
    await site.setModel("n", { groups: ["g1"] });
    expect((await site.chat(known)).status).toBe(200);
    for (let call = 0; call < 5; call++) {
      clock.forward(2001);
      const startedAtMs = performance.now();
      expect((await site.chat(known)).status).toBe(200);
      // Who waits does so for the 5 s that a question may take.
      expect(performance.now() - startedAtMs).toBeLessThan(4000);
    }
    // Whose groups nobody knows is in none.
    expect(refusal(await site.chat(known, "n"))).toEqual([404, "model_not_found"]);
    globus.failures.clear();
    clock.forward(2001);
    // The question under way has 5 s.
    await eventually(async () => (await site.chat(known, "n")).status === 200, { timeoutMs: 15_000, everyMs: 100 });
  });

  test.each([
    ["an error", { status: 500, body: '{"error":"internal"}' }],
    ["a page instead of JSON", { status: 200, body: "<html>maintenance</html>" }],
    ["JSON of something else", { status: 200, body: "[]" }],
    ["a word against the gateway's own credential", { status: 401, body: '{"error":"invalid_client"}' }],
    ["too many requests", { status: 429, body: "{}" }],
    ["a redirect", { status: 302, headers: { location: "http://127.0.0.1:1/" }, body: "" }],
  ])("case 24: %s of Globus is 503, never 401, and is asked again after 2 s", async (_what, failure) => {
    const token = person();
    globus.failures.set("introspect", failure);
    expect(refusal(await site.chat(token))).toEqual([503, "auth_unavailable"]);
    globus.failures.clear();
    clock.forward(2001);
    expect((await site.chat(token)).status).toBe(200);
  });

  test("case 25: a domain that is not permitted gets 403, which names those that are; again without an introspection", async () => {
    const token = person("u@elsewhere.org");
    const answer = await site.chat(token);
    expect(refusal(answer)).toEqual([403, "not_allowed"]);
    for (const domain of ["uni.edu", "lab.gov", "elsewhere.org"]) expect(answer.body.error.message).toContain(domain);
    expect((await site.whoami(token)).status).toBe(403);
    expect((await site.get("/v1/models", token)).status).toBe(403);
    expect(globus.count("introspect")).toBe(1);
  });

  test("case 25: it is the session's identity that counts, not the one that the token is for", async () => {
    const home = globusPerson("u@elsewhere.org").identities;
    const work = globusPerson("worker@lab.gov").identities;
    const both = { identities: [...home, ...work] };
    const signedInAtWork = person("u@elsewhere.org", { ...both, session: work.map(({ sub }) => sub) });
    const signedInAtHome = person("u@elsewhere.org", { ...both, session: home.map(({ sub }) => sub) });
    const noSession = person("worker@lab.gov", { session: [] });
    const answer = await site.whoami(signedInAtWork);
    expect([answer.status, answer.body.username, answer.body.id]).toEqual([200, "worker@lab.gov", work[0]?.sub]);
    expect((await site.whoami(signedInAtHome)).status).toBe(403);
    expect((await site.whoami(noSession)).status).toBe(403);
  });

  test("case 25: domains are compared without regard to case, and by what follows the last @", async () => {
    expect((await site.whoami(person("U@UNI.edu"))).status).toBe(200);
    expect((await site.whoami(person("u@uni.edu@accounts.google.com"))).status).toBe(403);
    expect((await site.whoami(person("u@evil-uni.edu"))).status).toBe(403);
    expect((await site.whoami(person("u@x.uni.edu"))).status).toBe(403);
    expect((await site.whoami(person("<script>@uni.edu"))).status).toBe(403);
  });

  test("case 29: whoami tells callers who they are", async () => {
    const { status, body } = await site.whoami(person("u@uni.edu"));
    expect(status).toBe(200);
    expect(body).toEqual({
      id: "identity-of-u@uni.edu",
      name: "U",
      username: "u@uni.edu",
      user_group_uuids: [],
      idp_id: "idp-of-uni.edu",
      idp_name: "IdP uni.edu",
      auth_service: "globus",
    });
    expect((await site.get("/resource_server/health", null)).body).toEqual({ status: "ok" });
    expect((await site.whoami(null)).status).toBe(401);
  });

  test("the provider of models never sees a caller's token, nor Globus a Headgate key or anything like one", async () => {
    const token = person();
    expect((await site.chat(token)).status).toBe(200);
    const { rawHeaders, headers } = site.provider.take();
    expect(rawHeaders.join("\n")).not.toContain(token);
    expect(headers.authorization).toBe(`Bearer ${upstreamKey}`);
    globus.requests = [];
    const key = await site.headgate.createKey();
    expect((await site.chat(key)).status).toBe(200);
    for (const credential of [`${key}x`, "sk-proj-someones-own", "sk-hg-unknown"]) {
      expect(refusal(await site.chat(credential))).toEqual([401, "invalid_key"]);
    }
    expect(globus.requests).toEqual([]);
    expect(site.headgate.logText()).not.toContain(token);
  });

  test("groups are asked for when a rule comes that needs them, of callers who are known as well, and not before", async () => {
    const token = person("u@uni.edu", { groups: [{ id: "g1", name: "Group one" }] });
    expect((await site.chat(token)).status).toBe(200);
    expect(globus.requests.map(({ call }) => call)).toEqual(["introspect"]);

    await site.setModel("m", { groups: ["g1"] });
    globus.requests = [];
    expect((await site.chat(token)).status).toBe(200);
    expect(globus.requests.map(({ call }) => call)).toEqual(["introspect", "dependentToken", "groups"]);
    expect((await site.whoami(token)).body.user_group_uuids).toEqual(["g1"]);
    expect(refusal(await site.chat(person("v@uni.edu")))).toEqual([404, "model_not_found"]);

    const [, grant, groups] = globus.requests;
    const basic = Buffer.from(`${globus.clientId}:${globus.clientSecret}`).toString("base64");
    expect(grant).toMatchObject({ method: "POST", url: "/v2/oauth2/token" });
    expect(grant?.headers).toMatchObject({
      authorization: `Basic ${basic}`,
      "content-type": "application/x-www-form-urlencoded",
    });
    expect(grant?.body).toBe(`grant_type=urn%3Aglobus%3Aauth%3Agrant_type%3Adependent_token&token=${encodeURIComponent(token)}`);
    expect(groups).toMatchObject({ method: "GET", url: "/v2/groups/my_groups" });
    expect(groups?.headers.authorization).toBe(`Bearer groups-token-for-${token}`);

    globus.requests = [];
    expect((await site.chat(token)).status).toBe(200);
    expect(globus.requests).toEqual([]);
  });

  test("groups are asked for once a group of Globus is given models", async () => {
    const group = await site.change("POST", "/groups", { name: "physics", source: "globus", external_id: "g1" });
    const [insider, outsider] = [person("u@uni.edu", { groups: [{ id: "g1" }] }), person("v@uni.edu")];
    await site.change("PATCH", "/groups/grp_everyone", { models: [] });
    expect(refusal(await site.chat(insider))).toEqual([404, "model_not_found"]);
    expect(globus.count("groups")).toBe(0);
    await site.change("PUT", `/groups/${group.id}/models/m`);
    expect((await site.chat(insider)).status).toBe(200);
    expect(refusal(await site.chat(outsider))).toEqual([404, "model_not_found"]);
    expect(globus.count("groups")).toBe(2);
  });

  test.each(["dependentToken", "groups"] as const)("with its %s call failing, who would need it gets 503", async (call) => {
    await site.setModel("m", { groups: ["g1"] });
    const token = person("u@uni.edu", { groups: [{ id: "g1" }] });
    globus.failures.set(call, { status: 503, body: "{}" });
    expect(refusal(await site.chat(token))).toEqual([503, "auth_unavailable"]);
    globus.failures.clear();
    clock.forward(2001);
    expect((await site.chat(token)).status).toBe(200);
  });
});

describe("rules of the environment", () => {
  const started: Site[] = [];
  afterEach(async () => {
    for (const site of started.splice(0)) await site.stop();
  });

  async function siteWith(env: Record<string, string>): Promise<Site> {
    const site = await startSite({ env: variables(env) });
    started.push(site);
    return site;
  }

  test("case 23: policies are asked for if and only if they are set, and all must have been met", async () => {
    const site = await siteWith({ GLOBUS_POLICIES: "policy-1; policy-2" });
    const token = person();
    expect((await site.chat(token)).status).toBe(200);
    expect(globus.requests[0]?.body).toBe(
      `token=${encodeURIComponent(token)}&authentication_policies=policy-1%2Cpolicy-2&include=session_info%2Cidentity_set_detail`,
    );
    for (const changes of [
      { policies: { "policy-2": false } },
      { overrides: { policy_evaluations: { "policy-1": { evaluation: true } } } },
      { overrides: { policy_evaluations: null } },
      { overrides: { policy_evaluations: { "policy-1": { evaluation: true }, "policy-2": { evaluation: "true" } } } },
    ]) {
      expect(refusal(await site.chat(person("u@uni.edu", changes)))).toEqual([403, "not_allowed"]);
    }
  });

  test.each([
    ["spaces", "g1 g2"],
    ["commas", "g1,g2"],
    ["semicolons", "g1;g2"],
    ["newlines", "g1\ng2"],
  ])("case 25: GLOBUS_GROUPS, split at %s, lets in whoever is in one of them", async (_separator, groups) => {
    const site = await siteWith({ GLOBUS_GROUPS: groups });
    expect((await site.chat(person("u@uni.edu", { groups: [{ id: "g2" }] }))).status).toBe(200);
    expect((await site.chat(person("v@uni.edu", { groups: [{ id: "g0" }, { id: "g1" }] }))).status).toBe(200);
    expect(refusal(await site.chat(person("w@uni.edu", { groups: [{ id: "g3" }] })))).toEqual([403, "not_allowed"]);
    expect(refusal(await site.chat(person("x@uni.edu", { groups: [{ id: groups }] })))).toEqual([403, "not_allowed"]);
    expect(refusal(await site.chat(person("y@uni.edu", { groups: [{ id: "g1", status: "invited" }] })))).toEqual([
      403,
      "not_allowed",
    ]);
  });

  test("case 26: a domain's groups hold for its users, and for nobody else", async () => {
    const site = await siteWith({ AUTHORIZED_GROUPS_PER_IDP: '{"uni.edu": "g9, g10", "lab.gov": ["g7"]}' });
    const without = await site.chat(person("u@uni.edu", { groups: [{ id: "g1" }, { id: "g7" }] }));
    expect(refusal(without)).toEqual([403, "not_allowed"]);
    expect(without.body.error.message).toContain("uni.edu");
    expect((await site.chat(person("u2@uni.edu", { groups: [{ id: "g10" }] }))).status).toBe(200);
    expect((await site.chat(person("u@lab.gov", { groups: [{ id: "g7" }] }))).status).toBe(200);
    globus.requests = [];
    expect((await site.chat(person("u@elsewhere.org"))).status).toBe(200);
    expect(globus.requests.map(({ call }) => call)).toEqual(["introspect"]);
  });

  test("service accounts have no session and need none; others without one stay out", async () => {
    const site = await siteWith({
      AUTHORIZED_GLOBUS_SERVICE_USERNAMES: '["robot@clients.auth.globus.org"]',
      AUTHORIZED_IDP_DOMAINS: "uni.edu",
      GLOBUS_POLICIES: "policy-1",
    });
    const robot = {
      identities: [],
      session: [],
      policies: { "policy-1": false },
      client_id: "client-of-the-robot",
      name: "Robot",
    };
    const answer = await site.whoami(person("robot@clients.auth.globus.org", robot));
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ id: "client-of-the-robot", username: "robot@clients.auth.globus.org", name: "Robot" });
    expect((await site.whoami(person("other@clients.auth.globus.org", robot))).status).toBe(403);
    expect((await site.whoami(person("robot@clients.auth.globus.org", { ...robot, name: "" }))).status).toBe(403);
  });

  test("without any rule every Globus user comes in, and the start says so; `require_rule` refuses to start", async () => {
    const site = await siteWith({});
    expect((await site.chat(person("anybody@anywhere.net"))).status).toBe(200);
    expect(JSON.stringify((await site.change("GET", "/system")).warnings)).toContain("EVERY Globus user");
    await expect(startSite({ env: variables(), config: { identity: { require_rule: true } } })).rejects.toThrow("require_rule");
  });
});

describe("a manifest whose entries are for some groups", () => {
  let site: Site;
  let manifest: ManifestServer;
  let provider: Provider;
  const tokens = { "openai-production": "sk-proj-openai", "group-only": "sk-of-the-group" };

  beforeAll(async () => {
    [manifest, provider] = await Promise.all([startManifestServer(), startProvider()]);
  });
  afterAll(async () => {
    await Promise.all([manifest.close(), provider.close()]);
  });
  afterEach(() => site?.stop());

  async function start(): Promise<void> {
    const env = { METIS_STATUS_URL: manifest.url, METIS_API_TOKENS: JSON.stringify(tokens), HEADGATE_MANIFEST_INTERVAL: "1s" };
    site = await startSite({ models: [], env: { ...variables({ AUTHORIZED_IDP_DOMAINS: "uni.edu" }), ...env } });
  }

  /** Everything a caller can learn of models. */
  async function seenBy(token: string): Promise<Record<string, unknown>> {
    const endpoints = await site.get("/resource_server/list-endpoints", token);
    const jobs = await site.get("/resource_server/metis/jobs", token);
    const models = await site.get("/resource_server/metis/api/v1/models", token);
    return {
      listed: await site.modelsOf(token),
      direct: models.body.data.map(({ id }: { id: string }) => id).sort(),
      endpoints: endpoints.body.clusters.metis?.frameworks.api.models ?? [],
      jobs: jobs.body.running.map((job: { Models: string }) => job.Models),
      total: jobs.body.cluster_status.total_models,
    };
  }

  test("case 27: without the group the entry's model is unknown to inference and to every listing; with it, it is there", async () => {
    const url = `${provider.url}/v1`;
    manifest.serve({
      open: manifestEntry({ url, experts: ["gpt-4"] }),
      closed: manifestEntry({ url, experts: ["secret-model"], endpoint_id: "group-only", groups: ["gX"] }),
    });
    await start();
    const insider = person("in@uni.edu", { groups: [{ id: "gX", name: "X" }] });
    const outsider = person("out@uni.edu", { groups: [{ id: "gY", name: "gX" }] });
    const path = "/resource_server/metis/api/v1/chat/completions";
    const call = (token: string, model: string) =>
      site.send("POST", path, token, { body: { model, messages: [{ role: "user", content: "hi" }] } });

    expect((await call(insider, "secret-model")).status).toBe(200);
    expect((await site.chat(insider, "secret-model")).status).toBe(200);
    expect(await seenBy(insider)).toEqual({
      listed: ["gpt-4", "secret-model"],
      direct: ["gpt-4", "secret-model"],
      endpoints: ["gpt-4", "secret-model"],
      jobs: ["gpt-4", "secret-model"],
      total: 2,
    });

    expect((await call(outsider, "gpt-4")).status).toBe(200);
    const [forbidden, unknown] = [await call(outsider, "secret-model"), await call(outsider, "no-such-model")];
    expect(refusal(forbidden)).toEqual([404, "model_not_found"]);
    expect(forbidden.text).toBe(unknown.text);
    expect((await site.chat(outsider, "secret-model")).text).toBe(unknown.text);
    expect(await seenBy(outsider)).toEqual({
      listed: ["gpt-4"],
      direct: ["gpt-4"],
      endpoints: ["gpt-4"],
      jobs: ["gpt-4"],
      total: 1,
    });
  });

  test("case 27: an entry that gets its groups later is closed to callers who are known, and groups are asked for only then", async () => {
    const entry = (fields: object) => manifestEntry({ url: `${provider.url}/v1`, experts: ["gpt-4"], ...fields });
    manifest.serve({ only: entry({}) });
    await start();
    const [insider, outsider] = [person("in@uni.edu", { groups: [{ id: "gX" }] }), person("out@uni.edu")];
    expect(statuses([await site.chat(insider, "gpt-4"), await site.chat(outsider, "gpt-4")])).toEqual({ 200: 2 });
    expect(globus.count("groups")).toBe(0);
    manifest.serve({ only: entry({ groups: ["gX"] }) });
    await site.headgate.eventually(async () => (await site.chat(outsider, "gpt-4")).status === 404);
    expect((await site.chat(insider, "gpt-4")).status).toBe(200);
    expect(globus.count("groups")).toBe(2);
  });
});
