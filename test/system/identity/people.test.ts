// People who come with tokens, as the admin API keeps them: users, groups, what they may use, their keys and what they have used.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import type { LooseJson } from "../../support/loose-json.ts";
import { type OidcIssuer, startOidcIssuer } from "../../support/oidc-issuer.ts";
import { rawRequest } from "../../support/raw-http.ts";
import { ShiftedClock } from "../../support/shifted-clock.ts";
import { refusal, type Site, startSite, statuses } from "./site.ts";

let issuer: OidcIssuer;
let site: Site;
let clock: ShiftedClock;

beforeAll(async () => {
  issuer = await startOidcIssuer();
});
afterAll(() => issuer?.stop());
beforeEach(async () => {
  issuer.claims.clear();
  clock = new ShiftedClock();
  const oidc = [{ issuer: issuer.url, audience: "headgate", username_claim: "email" }];
  site = await startSite({ config: { identity: { oidc } }, models: ["m", "eng-1", "eng-2", "sales-1"], clock });
});
afterEach(() => site?.stop());

/** A new token of a person in these groups; undefined: the token has no such claim. */
function signIn(sub: string, groups?: string[]): Promise<string> {
  issuer.claims.set(sub, { email: `${sub}@uni.edu`, name: sub.toUpperCase(), ...(groups && { groups }) });
  return issuer.jwt(sub);
}

/** The user's row, once it is there and `fits`. */
function userNamed(sub: string, fits: (user: LooseJson) => boolean = () => true): Promise<LooseJson> {
  return site.headgate.eventually(async () => {
    const user = await site.listed("users", { subject: sub, source: issuer.url });
    return fits(user) && user;
  });
}

const groupsOf = (user: LooseJson): string[] => user.groups.map(({ name }: { name: string }) => name);
const isIn =
  (...names: string[]) =>
  (user: LooseJson) =>
    JSON.stringify(groupsOf(user)) === JSON.stringify(names);

const group = (externalId: string) => site.listed("groups", { external_id: externalId });
const narrowEveryone = (models: string[]) => site.change("PATCH", "/groups/grp_everyone", { models });

describe("users and groups", () => {
  test("a user is there after the first call, with source and subject, and groups with source and external id", async () => {
    const token = await signIn("alice", ["eng", "sales"]);
    expect((await site.chat(token)).status).toBe(200);
    const user = await userNamed("alice", isIn("eng", "sales"));
    expect(user).toMatchObject({
      name: "ALICE",
      username: "alice@uni.edu",
      email: "alice@uni.edu",
      role: "member",
      source: issuer.url,
      subject: "alice",
      limits: null,
      primary_group_id: null,
    });
    expect(user.id).toMatch(/^usr_[0-9a-f]{32}$/);
    expect(Date.parse(user.last_seen_at)).toBeGreaterThan(Date.now() - 60_000);
    expect(user.groups.map(({ source }: { source: string }) => source)).toEqual([issuer.url, issuer.url]);
    expect(await group("eng")).toMatchObject({
      name: "eng",
      source: issuer.url,
      external_id: "eng",
      models: [],
      member_count: 1,
    });

    expect((await site.chat(await signIn("alice", ["eng", "sales"]))).status).toBe(200);
    expect((await site.change("GET", "/users")).data).toHaveLength(1);
    expect((await site.change("GET", "/groups")).data).toHaveLength(3);
  });

  test("case 44: one person's login never changes another's groups, and losing the last group takes effect", async () => {
    await narrowEveryone([]);
    for (const [name, model] of [
      ["eng", "eng-1"],
      ["sales", "sales-1"],
    ]) {
      await site.change("POST", "/groups", { name, models: [model], source: issuer.url, external_id: name });
    }
    const b = await signIn("b", ["eng"]);
    expect((await site.chat(b, "eng-1")).status).toBe(200);
    await userNamed("b", isIn("eng"));

    const a = await signIn("a", ["sales"]);
    expect(await site.modelsOf(a)).toEqual(["sales-1"]);
    await userNamed("a", isIn("sales"));

    const aWithout = await signIn("a");
    expect(await site.modelsOf(aWithout)).toEqual([]);
    expect(refusal(await site.chat(aWithout, "sales-1"))).toEqual([404, "model_not_found"]);
    await userNamed("a", isIn());

    expect(groupsOf(await userNamed("b"))).toEqual(["eng"]);
    expect((await site.chat(b, "eng-1")).status).toBe(200);
    expect(refusal(await site.chat(b, "sales-1"))).toEqual([404, "model_not_found"]);
    expect((await group("eng")).member_count).toBe(1);
    expect((await group("sales")).member_count).toBe(0);
  });

  test("memberships that an administrator gave stay through every login, and can only be ended by one", async () => {
    await narrowEveryone([]);
    const made = await site.change("POST", "/groups", { name: "guests", models: ["m"] });
    const token = await signIn("alice", ["eng"]);
    expect(await site.modelsOf(token)).toEqual([]);
    const { id } = await userNamed("alice", isIn("eng"));
    await site.change("PUT", `/groups/${made.id}/members/${id}`);
    expect(await site.modelsOf(token)).toEqual(["m"]);

    const without = await signIn("alice", []);
    expect(await site.modelsOf(without)).toEqual(["m"]);
    expect((await userNamed("alice", isIn("guests"))).groups).toEqual([{ id: made.id, name: "guests", source: "admin" }]);
    await site.change("DELETE", `/groups/${made.id}/members/${id}`);
    expect(await site.modelsOf(without)).toEqual([]);
  });

  test("what a provider says about a membership can't be ended by an administrator; what both say lasts as long as either", async () => {
    const token = await signIn("alice", ["eng"]);
    expect((await site.chat(token)).status).toBe(200);
    const { id } = await userNamed("alice", isIn("eng"));
    const eng = await group("eng");
    expect((await site.headgate.admin("DELETE", `/groups/${eng.id}/members/${id}`)).status).toBe(422);
    await site.change("PUT", `/groups/${eng.id}/members/${id}`);
    await site.setModel("eng-1", { groups: ["eng"] });
    const without = await signIn("alice", []);
    expect((await site.chat(without, "eng-1")).status).toBe(200);
    await site.change("DELETE", `/groups/${eng.id}/members/${id}`);
    await site.headgate.eventually(async () => (await site.chat(without, "eng-1")).status === 404);
  });

  test("a group of a provider that is named like one that was made here is another one, and opens nothing of it", async () => {
    await narrowEveryone([]);
    const own = await site.change("POST", "/groups", { name: "eng", models: ["eng-1"] });
    await site.setModel("eng-2", { groups: ["eng"] });
    const token = await signIn("alice", ["eng"]);
    expect(await site.modelsOf(token)).toEqual([]);
    const user = await userNamed("alice", ({ groups }) => groups.length === 1);
    expect(user.groups[0].id).not.toBe(own.id);
    expect(user.groups[0].name).not.toBe("eng");
    for (const externalId of [own.id, "grp_everyone", "everyone"]) {
      expect(await site.modelsOf(await signIn("mallory", [externalId]))).toEqual([]);
    }
  });

  test("a user who is deleted loses limits, memberships and keys at once, and comes back as new with the next proof", async () => {
    const token = await signIn("alice", ["eng"]);
    expect((await site.chat(token)).status).toBe(200);
    const { id } = await userNamed("alice");
    const guests = await site.change("POST", "/groups", { name: "guests", models: ["m"] });
    await site.change("PUT", `/groups/${guests.id}/members/${id}`);
    await site.change("PATCH", `/users/${id}`, { limits: { requests_per_minute: 1 } });
    const key = await site.headgate.createKey({ user_id: id });
    expect(statuses([await site.chat(key), await site.chat(token)])).toEqual({ 200: 1, 429: 1 });

    await site.change("DELETE", `/users/${id}`);
    expect(refusal(await site.chat(key))).toEqual([401, "invalid_key"]);
    expect((await site.change("GET", `/groups/${guests.id}/members`)).data).toEqual([]);
    expect(statuses([await site.chat(token), await site.chat(token)])).toEqual({ 200: 2 });

    expect((await site.chat(await signIn("alice", ["eng"]))).status).toBe(200);
    const again = await userNamed("alice", isIn("eng"));
    expect(again).toMatchObject({ id, limits: null });
    expect(refusal(await site.chat(key))).toEqual([401, "invalid_key"]);
  });

  test("a group that is deleted grants nothing from then on, and comes back empty-handed with the next token that names it", async () => {
    await narrowEveryone([]);
    const made = await site.change("POST", "/groups", { name: "eng", models: ["eng-*"], source: issuer.url, external_id: "eng" });
    const token = await signIn("alice", ["eng"]);
    expect(await site.modelsOf(token)).toEqual(["eng-1", "eng-2"]);
    await userNamed("alice", isIn("eng"));
    await site.change("DELETE", `/groups/${made.id}`);
    expect(await site.modelsOf(token)).toEqual([]);
    expect(groupsOf(await userNamed("alice"))).toEqual([]);

    expect(await site.modelsOf(await signIn("alice", ["eng"]))).toEqual([]);
    await userNamed("alice", isIn("eng"));
    expect(await group("eng")).toMatchObject({ id: made.id, models: [] });
  });

  test("1,000 first logins leave 1,000 users, each in its group", { timeout: 90_000 }, async () => {
    const tokens = await Promise.all(
      Array.from({ length: 1000 }, (_, index) => {
        const claims = { ...issuer.goodClaims(`student-${index}`), groups: [`course-${index % 10}`] };
        return issuer.sign(claims);
      }),
    );
    const answers: { status: number }[] = [];
    // A class that comes in a room at a time, as the bound of unproven tokens has it.
    for (let from = 0; from < tokens.length; from += 50) {
      answers.push(...(await Promise.all(tokens.slice(from, from + 50).map((token) => site.whoami(token)))));
    }
    expect(statuses(answers)).toEqual({ 200: 1000 });
    const allThere = async () => {
      const { data } = await site.change("GET", "/users?limit=1000");
      return data.length === 1000 && data.every(({ groups }: LooseJson) => groups.length === 1);
    };
    await eventually(allThere, { timeoutMs: 60_000, everyMs: 200, what: "1,000 users with a group" });
    expect((await group("course-3")).member_count).toBe(100);
  });
});

describe("what people may use", () => {
  test("everyone narrowed: only what groups grant is there, by name or pattern, for calls and lists alike", async () => {
    const token = await signIn("alice", ["eng"]);
    expect(await site.modelsOf(token)).toEqual(["eng-1", "eng-2", "m", "sales-1"]);
    await narrowEveryone(["m"]);
    expect(await site.modelsOf(token)).toEqual(["m"]);
    const eng = await group("eng");
    await site.change("PATCH", `/groups/${eng.id}`, { models: ["eng-*"] });
    expect(await site.modelsOf(token)).toEqual(["eng-1", "eng-2", "m"]);
    expect(refusal(await site.chat(token, "sales-1"))).toEqual([404, "model_not_found"]);
    await site.change("DELETE", `/groups/${eng.id}/models/${encodeURIComponent("eng-*")}`);
    expect(await site.modelsOf(token)).toEqual(["m"]);
    await site.change("PUT", `/groups/${eng.id}/models/sales-1`);
    expect(await site.modelsOf(token)).toEqual(["m", "sales-1"]);
  });

  test("a user's key may use what both its list and the user's groups allow, and loses what the user loses", async () => {
    await narrowEveryone(["m"]);
    await site.change("POST", "/groups", { name: "eng", models: ["eng-*"], source: issuer.url, external_id: "eng" });
    expect((await site.chat(await signIn("alice", ["eng"]), "eng-1")).status).toBe(200);
    const { id } = await userNamed("alice", isIn("eng"));
    const all = await site.headgate.createKey({ name: "all", user_id: id });
    const some = await site.headgate.createKey({ name: "some", user_id: id, models: ["eng-1", "sales-*"] });
    expect(await site.modelsOf(all)).toEqual(["eng-1", "eng-2", "m"]);
    expect(await site.modelsOf(some)).toEqual(["eng-1"]);
    expect(refusal(await site.chat(some, "m"))).toEqual([404, "model_not_found"]);
    expect(refusal(await site.chat(some, "sales-1"))).toEqual([404, "model_not_found"]);

    expect((await site.whoami(await signIn("alice", []))).status).toBe(200);
    await userNamed("alice", isIn());
    await site.headgate.eventually(async () => (await site.modelsOf(some)).length === 0);
    expect(await site.modelsOf(all)).toEqual(["m"]);
  });

  test("a model for one group is there for its members alone, whatever their other groups grant", async () => {
    await site.setModel("eng-1", { groups: ["eng"] });
    const [insider, outsider] = [await signIn("alice", ["eng"]), await signIn("bob", ["sales"])];
    expect(await site.modelsOf(insider)).toContain("eng-1");
    expect((await site.chat(insider, "eng-1")).status).toBe(200);
    expect(await site.modelsOf(outsider)).not.toContain("eng-1");
    expect((await site.get("/v1/models/eng-1", outsider)).status).toBe(404);
    expect(refusal(await site.chat(outsider, "eng-1"))).toEqual([404, "model_not_found"]);
    const plainKey = await site.headgate.createKey();
    expect(refusal(await site.chat(plainKey, "eng-1"))).toEqual([404, "model_not_found"]);
  });

  test.each([
    ["POST", "/v1/chat/completions", {}],
    ["POST", "/v1/responses", {}],
    ["POST", "/v1/messages", { "anthropic-version": "2023-06-01" }],
    ["POST", "/resource_server/metis/api/v1/chat/completions", {}],
    ["POST", "/v1beta/models/MODEL:generateContent", {}],
    ["GET", "/v1/models/MODEL", {}],
    ["GET", "/v1/models/MODEL", { "anthropic-version": "2023-06-01" }],
  ])("unknown and forbidden models get the same bytes: %s %s %j", async (method, path, headers) => {
    await site.setModel("eng-1", { groups: ["eng"] });
    const token = await signIn("bob");
    await narrowEveryone(["m", "eng-1"]);
    const answers = [];
    for (const model of ["eng-1", "eng-2", "none1"]) {
      const body = method === "POST" ? { body: { model, messages: [{ role: "user", content: "hi" }], max_tokens: 5 } } : {};
      const target = path.replace("MODEL", model);
      const authorization = `Bearer ${token}`;
      const answer = await rawRequest(site.headgate.url, { method, target, headers: { authorization, ...headers }, ...body });
      const id = answer.headers["x-request-id"] as string;
      const head = answer.rawHeaders.filter((_text, index, all) => all[index - (index % 2)]?.toLowerCase() !== "date");
      answers.push(JSON.stringify([answer.status, head, answer.text]).replaceAll(id, "<id>").replaceAll(model, "<model>"));
    }
    expect(answers[0]).toContain("404");
    expect(answers[0]).toBe(answers[2]);
    expect(answers[1]).toBe(answers[2]);
  });
});

describe("what is whose", () => {
  test("a response that one person made is not there for another, and is for the person's own keys", async () => {
    const [alice, bob] = [await signIn("alice"), await signIn("bob")];
    const made = await site.send("POST", "/v1/responses", alice, { body: { model: "m", input: "hi", store: true } });
    expect(made.status).toBe(200);
    const path = `/v1/responses/${made.body.id}`;
    expect((await site.get(path, alice)).status).toBe(200);
    expect(refusal(await site.get(path, bob))).toEqual([404, "response_not_found"]);
    const follow = { model: "m", input: "and?", previous_response_id: made.body.id };
    expect((await site.send("POST", "/v1/responses", bob, { body: follow })).status).toBe(404);
    expect((await site.send("POST", "/v1/responses", alice, { body: follow })).status).toBe(200);
    const own = await site.headgate.createKey({ user_id: (await userNamed("alice")).id });
    expect((await site.get(path, own)).status).toBe(200);
    expect((await site.get(path, await site.headgate.createKey())).status).toBe(404);
  });

  test("a token is for calls: neither for the admin API, nor for what takes the passthrough scope", async () => {
    const token = await signIn("alice");
    expect((await site.chat(token)).status).toBe(200);
    const { id } = await userNamed("alice");
    await site.change("PATCH", `/users/${id}`, { role: "administrator" });
    const answer = await fetch(`${site.headgate.url}/admin/api/v1/keys`, { headers: { authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(401);
    expect(refusal(await site.get("/endpoints/prod/v1/files", token))).toEqual([403, "not_allowed"]);
    expect(refusal(await site.get("/v1/files", token))).toEqual([403, "not_allowed"]);
  });
});

describe("limits and the ledger", () => {
  test("a user's and a group's limits hold from the next call on, and end with the next", async () => {
    const token = await signIn("alice", ["eng"]);
    expect((await site.chat(token)).status).toBe(200);
    const { id } = await userNamed("alice", isIn("eng"));
    const eng = await group("eng");
    for (const path of [`/users/${id}`, `/groups/${eng.id}`]) {
      await site.change("PATCH", path, { limits: { requests_per_minute: 2 } });
      const answers = [];
      for (let call = 0; call < 4; call++) answers.push(await site.chat(token));
      expect([path, statuses(answers)]).toEqual([path, { 200: 2, 429: 2 }]);
      await site.change("PATCH", path, { limits: { requests_per_minute: 4 } });
      expect((await site.chat(token)).status).toBe(200);
      await site.change("PATCH", path, { limits: null });
      for (let call = 0; call < 5; call++) expect((await site.chat(token)).status).toBe(200);
    }
  });

  test("a token caller's budget is that of the group that grants the model, the rates are those of all groups", async () => {
    await narrowEveryone([]);
    const made = (name: string, limits: object) =>
      site.change("POST", "/groups", { name, models: ["eng-1"], source: issuer.url, external_id: name, limits });
    await made("b-later", { budget_usd: 0, concurrent_requests: 5 });
    const first = await made("a-first", { budget_usd: 1 });
    await site.change("PUT", "/prices/eng-1", { input_usd_per_million: 1, output_usd_per_million: 1 });
    const token = await signIn("alice", ["a-first", "b-later"]);
    expect((await site.chat(token, "eng-1")).status).toBe(200);
    await site.change("PATCH", `/groups/${first.id}`, { limits: { budget_usd: 0 } });
    const refused = await site.chat(token, "eng-1");
    expect([refused.status, refused.body.error.code]).toEqual([429, "insufficient_quota"]);
    await site.change("DELETE", "/prices/eng-1");
  });

  test("requests and usage name the user, from the very first call on, and the group that granted the model", async () => {
    await narrowEveryone([]);
    const eng = await site.change("POST", "/groups", { name: "eng", models: ["eng-1"], source: issuer.url, external_id: "eng" });
    const token = await signIn("alice", ["eng"]);
    const first = await site.chat(token, "eng-1");
    expect(first.status).toBe(200);
    const { id } = await userNamed("alice", isIn("eng"));
    const key = await site.headgate.createKey({ user_id: id, name: "alices" });
    expect((await site.chat(key, "eng-1")).status).toBe(200);

    const request = await site.headgate.eventually(async () => {
      const { status, body } = await site.headgate.admin("GET", `/requests/${first.headers["x-request-id"]}`);
      return status === 200 && body.state === "settled" && body;
    });
    expect(request).toMatchObject({ user: id, user_name: "ALICE", key: null, group: eng.id, group_name: "eng", model: "eng-1" });
    const rows = await site.headgate.eventually(async () => {
      const { data } = await site.change("GET", "/usage?group_by=user,key");
      return data.length === 2 && data;
    });
    expect(rows.map(({ user, user_name }: LooseJson) => [user, user_name])).toEqual([
      [id, "ALICE"],
      [id, "ALICE"],
    ]);
    expect(rows.map(({ key_name }: LooseJson) => key_name).sort()).toEqual(["alices", null]);
    expect(rows.every(({ requests, input_tokens }: LooseJson) => requests === 1 && input_tokens > 0)).toBe(true);
  });
});
