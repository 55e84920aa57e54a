// Callers whom a proxy in front names in headers: believed where the configuration says so, and nowhere else.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { rawRequest } from "../../support/raw-http.ts";
import { refusal, type Site, startSite, upstreamKey } from "./site.ts";

const alice = { "x-forwarded-email": "alice@uni.edu", "x-forwarded-groups": "physics, staff" };

describe("not set up", () => {
  test.each([
    ["by default", {}],
    ["with names and addresses, but not enabled", { identity: { proxy_header: { trusted_proxies: ["127.0.0.1"] } } }],
    ["enabled for other addresses", { identity: { proxy_header: { enabled: true, trusted_proxies: ["10.0.0.0/8", "::2"] } } }],
    [
      "for other addresses, with proxies trusted to name callers' addresses",
      {
        server: { trusted_proxies: ["127.0.0.1"] },
        identity: { proxy_header: { enabled: true, trusted_proxies: ["10.0.0.0/8"] } },
      },
    ],
  ])("%s the headers prove nobody and go nowhere", async (_what, config) => {
    await using site = await startSite({ config });
    for (const headers of [alice, { ...alice, "x-forwarded-for": "10.0.0.1" }, { ...alice, forwarded: "for=10.0.0.1" }]) {
      expect(refusal(await site.chat(headers))).toEqual([401, "missing_key"]);
      expect((await site.whoami(headers)).status).toBe(401);
    }
    const key = await site.headgate.createKey();
    expect((await site.chat({ ...alice, authorization: `Bearer ${key}` })).status).toBe(200);
    expectNoTraceOf(site.provider.take().rawHeaders);
    expect((await site.change("GET", "/users")).data).toEqual([]);
  });

  test("enabled without an address, or for every address there is: it does not start", async () => {
    for (const trusted_proxies of [[], ["0.0.0.0/0"], ["::/0"]]) {
      const config = { identity: { proxy_header: { enabled: true, trusted_proxies } } };
      await expect(startSite({ config })).rejects.toThrow("trusted_proxies");
    }
  });
});

function expectNoTraceOf(rawHeaders: readonly string[]): void {
  const sent = rawHeaders.join("\n").toLowerCase();
  for (const trace of ["alice", "physics", "x-forwarded", "x-auth-user"]) expect(sent).not.toContain(trace);
}

describe("from a trusted address", () => {
  let site: Site;
  beforeAll(async () => {
    site = await startSite({ config: { identity: { proxy_header: { enabled: true, trusted_proxies: ["127.0.0.0/8"] } } } });
  });
  afterAll(() => site?.stop());
  beforeEach(() => site.provider.reset());

  test("the header names the caller, who becomes a user with groups; the provider sees neither", async () => {
    expect((await site.chat(alice)).status).toBe(200);
    const upstream = site.provider.take();
    expectNoTraceOf(upstream.rawHeaders);
    expect(upstream.headers.authorization).toBe(`Bearer ${upstreamKey}`);
    expect((await site.whoami(alice)).body).toEqual({
      id: "alice@uni.edu",
      name: "alice@uni.edu",
      username: "alice@uni.edu",
      user_group_uuids: ["physics", "staff"],
      idp_id: "",
      idp_name: "",
      auth_service: "proxy",
    });
    const user = await site.listed("users", { subject: "alice@uni.edu" });
    expect(user).toMatchObject({ source: "proxy", email: "alice@uni.edu" });
    const groups = await site.headgate.eventually(async () => {
      const { groups } = await site.change("GET", `/users/${user.id}`);
      return groups.length === 2 && groups;
    });
    expect(groups.map(({ name, source }: { name: string; source: string }) => [name, source])).toEqual([
      ["physics", "proxy"],
      ["staff", "proxy"],
    ]);
    expect(await site.listed("groups", { external_id: "physics" })).toMatchObject({ source: "proxy", models: [] });
  });

  test("groups open what is for them, and losing one takes effect with the next request", async () => {
    await site.setModel("m", { groups: ["staff"] });
    try {
      expect((await site.chat(alice)).status).toBe(200);
      for (const groups of ["physics", "", "STAFF", "staff2", "physics;staff"]) {
        expect(refusal(await site.chat({ ...alice, "x-forwarded-groups": groups }))).toEqual([404, "model_not_found"]);
      }
      expect((await site.chat({ ...alice, "x-forwarded-groups": " , staff,,staff " })).status).toBe(200);
      expect(refusal(await site.chat({ "x-forwarded-email": "alice@uni.edu" }))).toEqual([404, "model_not_found"]);
    } finally {
      await site.setModel("m", { groups: null });
    }
  });

  test("a header that comes twice, empty, or endless names nobody", async () => {
    const target = "/resource_server/whoami";
    for (const headers of [
      [
        ["x-forwarded-email", "alice@uni.edu"],
        ["x-forwarded-email", "mallory@uni.edu"],
      ],
      [
        ["X-Forwarded-Email", "mallory@uni.edu"],
        ["x-forwarded-email", "alice@uni.edu"],
      ],
      [["x-forwarded-email", ""]],
      [["x-forwarded-email", "   "]],
      [["x-forwarded-email", `${"a".repeat(400)}@uni.edu`]],
      [["x-forwarded-groups", "staff"]],
    ] as [string, string][][]) {
      expect((await rawRequest(site.headgate.url, { target, headers })).status).toBe(401);
    }
    const once = await rawRequest(site.headgate.url, { target, headers: [["X-FORWARDED-EMAIL", "alice@uni.edu"]] });
    expect(once.status).toBe(200);
  });

  test("groups that come twice are none: one may be the caller's own", async () => {
    const headers: [string, string][] = [
      ["x-forwarded-email", "alice@uni.edu"],
      ["x-forwarded-groups", "staff"],
      ["x-forwarded-groups", "administrators"],
    ];
    const answer = await rawRequest(site.headgate.url, { target: "/resource_server/whoami", headers });
    expect([answer.status, JSON.parse(answer.body.toString()).user_group_uuids]).toEqual([200, []]);
  });

  test("a credential goes before the header: a good one is who calls, a bad one is refused", async () => {
    const key = await site.headgate.createKey({ name: "robot" });
    expect((await site.whoami({ ...alice, authorization: `Bearer ${key}` })).body).toMatchObject({ name: "robot" });
    expect(refusal(await site.chat({ ...alice, authorization: "Bearer sk-hg-wrong" }))).toEqual([401, "invalid_key"]);
  });

  test("it opens no more than calls: neither the admin API nor what takes the passthrough scope", async () => {
    expect((await fetch(`${site.headgate.url}/admin/api/v1/keys`, { headers: alice })).status).toBe(401);
    expect((await site.get("/endpoints/prod/v1/files", alice)).status).toBe(403);
    expect((await site.get("/v1/files", alice)).status).toBe(403);
  });
});

test("headers of other names are taken when they are configured, and are kept from providers as well", async () => {
  const proxy_header = {
    enabled: true,
    user_header: "X-Auth-User",
    groups_header: "X-Auth-User-Groups",
    trusted_proxies: ["127.0.0.1"],
  };
  await using site = await startSite({ config: { identity: { proxy_header } } });
  expect((await site.chat(alice)).status).toBe(401);
  const named = { "x-auth-user": "alice", "x-auth-user-groups": "physics" };
  expect((await site.whoami(named)).body).toMatchObject({ id: "alice", user_group_uuids: ["physics"] });
  expect((await site.chat(named)).status).toBe(200);
  expectNoTraceOf(site.provider.take().rawHeaders);
  const key = await site.headgate.createKey();
  expect((await site.chat({ ...named, authorization: `Bearer ${key}` })).status).toBe(200);
  expectNoTraceOf(site.provider.take().rawHeaders);
});
