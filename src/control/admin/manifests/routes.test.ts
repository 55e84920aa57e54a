// Manifests through the admin API, over real sockets: made, listed, fetched, removed; and their endpoints, which only they change.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AdminApiUnderTest, startAdminApi } from "../../../../test/support/admin-api.ts";
import { type ManifestServer, manifestEntry, startManifestServer } from "../../../../test/support/manifest-server.ts";
import { Cipher } from "../../../core/cipher.ts";
import { systemClock } from "../../../core/clock.ts";
import { Secret } from "../../../core/secret.ts";
import type { ManifestSeed } from "../../../domain/seeds.ts";
import { HttpClient } from "../../../egress/http-client.ts";
import { ManifestSync } from "../../manifest/manifest-sync.ts";
import { reconcileSeeds } from "../../manifest/reconcile-seeds.ts";

const canary = "sk-canary-4711";

let api: AdminApiUnderTest;
let server: ManifestServer;
let sync: ManifestSync;
let client: HttpClient;
let seeds: ManifestSeed[];

beforeEach(async () => {
  server = await startManifestServer();
  client = new HttpClient({ allowPrivate: true });
  seeds = [];
  sync = new ManifestSync({
    storage: () => api.storage,
    cipher: new Cipher("a secret key of 32 characters or more"),
    clock: systemClock,
    log: { debug() {}, info() {}, warn() {}, error() {} },
    seeds,
    client,
    onChanged: async () => void api.published.push("routing"),
  });
  api = await startAdminApi({ manifests: sync });
});
afterEach(async () => {
  await sync.stop();
  await api.close();
  await client.close();
  await server.close();
});

const tokens = { "openai-production": canary };
const create = (body: object = {}) => api.call("POST", "/manifests", { name: "metis", url: server.url, tokens, ...body });
const modelNames = async () => (await api.call("GET", "/models")).body.data.map((model: { name: string }) => model.name);

function seed(fields: Partial<ManifestSeed>): ManifestSeed {
  return {
    name: "seeded",
    url: server.url,
    origin: "config",
    intervalMs: 60_000,
    headers: {},
    allowedHosts: [],
    tokens: new Map(),
    ...fields,
  };
}

describe("making a manifest", () => {
  it("fetches it at once: its models are there with the answer, which shows no secret", async () => {
    server.serve({ one: manifestEntry({ experts: ["a", "b"] }), two: manifestEntry({ endpoint_id: "nobody" }), bad: 5 });
    const url = server.url.replace("//", `//user:${canary}%40@`);
    const answer = await create({ url, headers: { "X-Team": canary }, interval: "5m", allowed_hosts: ["api.openai.com"] });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      id: expect.stringMatching(/^mft_/),
      name: "metis",
      url: server.url,
      origin: "admin",
      interval: "5m",
      allowed_hosts: ["api.openai.com"],
      status: "ok",
      last_success_at: expect.stringMatching(/^20/),
      age_seconds: expect.any(Number),
      last_error: null,
      entries: [
        { key: "one", endpoint_id: "openai-production", status: "live", models: ["a", "b"], error: null },
        {
          key: "two",
          endpoint_id: "nobody",
          status: "live",
          models: ["gpt-4", "gpt-4o-mini"],
          error: expect.stringContaining("no token"),
        },
        { key: "bad", endpoint_id: null, status: "dropped", models: [], error: "must be an object" },
      ],
    });
    expect(answer.text).not.toContain("canary");
    expect(await modelNames()).toEqual(["a", "b", "gpt-4", "gpt-4o-mini"]);
    const pair = Buffer.from(`user:${canary}@`).toString("base64");
    expect(server.requests[0]).toMatchObject({ authorization: `Basic ${pair}`, "x-team": canary });
    expect(JSON.stringify(await api.storage.manifests.all())).not.toContain(canary);
    expect(api.published).toContain("routing");
    expect((await api.call("GET", "/manifests")).body).toEqual({
      data: [expect.objectContaining({ name: "metis" })],
      next_cursor: null,
    });
    expect((await api.call("GET", `/manifests/${answer.body.id}`)).body).toMatchObject({ status: "ok" });
  });

  it("succeeds when its server does not answer, and says so", async () => {
    await server.setUp(false);
    const { status, body } = await create();
    expect([status, body.status, body.last_success_at, body.age_seconds, body.entries]).toEqual([
      201,
      "never_loaded",
      null,
      null,
      [],
    ]);
    expect(body.last_error).toEqual({
      at: expect.stringMatching(/^20/),
      stage: "connect",
      detail: expect.not.stringContaining("127.0.0.1"),
    });
  });

  it("works where nothing fetches manifests", async () => {
    const bare = await startAdminApi();
    const { status, body } = await bare.call("POST", "/manifests", { name: "m", url: server.url });
    expect([status, body.status, body.interval]).toEqual([201, "never_loaded", "30s"]);
    await bare.close();
  });

  it("refuses a name that is taken", async () => {
    await create();
    const again = await create();
    expect([again.status, again.body.error.code, again.body.error.field]).toEqual([409, "name_conflict", "name"]);
  });

  const wrong: [object, string][] = [
    [{ name: "a b" }, "name"],
    [{ url: undefined }, "url"],
    [{ url: "ftp://x" }, "url"],
    [{ url: "/etc/passwd" }, "url"],
    [{ url: "file:///etc/passwd" }, "url"],
    [{ url: "http://x/#a" }, "url"],
    [{ url: `http://u:%zz${canary}@x/` }, "url"],
    [{ interval: "10ms" }, "interval"],
    [{ interval: "2d" }, "interval"],
    [{ headers: { host: "x" } }, "headers"],
    [{ headers: { cookie: canary } }, "headers"],
    [{ headers: { authorization: `${canary}\n` } }, "headers"],
    [{ headers: { "X-A": "1", "x-a": "2" } }, "headers"],
    [{ headers: { authorization: canary }, url: "http://u:p@x/" }, "headers"],
    [{ allowed_hosts: ["https://x"] }, "allowed_hosts.0"],
    [{ tokens: { a: "" } }, "tokens.a"],
    [{ tokens: { a: `${canary}\n` } }, "tokens.a"],
    [{ tokens: [canary] }, "tokens"],
    [{ etc: 1 }, "etc"],
  ];
  it.each(wrong)("names the field of what is not allowed, and repeats no secret: %j", async (body, field) => {
    const answer = await create(body);
    expect([answer.status, answer.body.error.code, answer.body.error.field]).toEqual([422, "invalid_field", field]);
    expect(answer.text).not.toContain(canary);
    expect(server.requests).toHaveLength(0);
  });

  it("takes an authorization header of its own", async () => {
    expect((await create({ headers: { Authorization: `Bearer ${canary}` } })).status).toBe(201);
    expect(server.requests[0]?.authorization).toBe(`Bearer ${canary}`);
  });
});

describe("refreshing a manifest", () => {
  it("answers how it is then, whatever happened", async () => {
    server.serve({ one: manifestEntry({ experts: ["a"] }) });
    const { id } = (await create()).body;
    server.serve({ one: manifestEntry({ experts: ["b"], status: "maintenance" }) });
    const changed = await api.call("POST", `/manifests/${id}/refresh`);
    expect([changed.status, changed.body.status, changed.body.entries[0]?.models]).toEqual([200, "ok", ["b"]]);
    expect(await modelNames()).toEqual(["b"]);
    server.serve("not json");
    const failed = await api.call("POST", `/manifests/${id}/refresh`);
    expect([failed.status, failed.body.status, failed.body.last_error.stage]).toEqual([200, "stale", "parse"]);
    expect(failed.body.entries[0]?.models).toEqual(["b"]);
    expect((await api.call("POST", "/manifests/mft_none/refresh")).status).toBe(404);
  });

  it("wants the administrator and the database", async () => {
    const { id } = (await create()).body;
    expect((await api.call("POST", `/manifests/${id}/refresh`, undefined, { token: null })).status).toBe(401);
    api.setDatabase(false);
    for (const [method, path] of [
      ["GET", ""],
      ["GET", `/${id}`],
      ["POST", `/${id}/refresh`],
      ["DELETE", `/${id}`],
    ] as const) {
      expect((await api.call(method, `/manifests${path}`)).status).toBe(503);
    }
  });
});

describe("removing a manifest", () => {
  it("takes its endpoints and models along, and nothing is fetched any more", async () => {
    server.serve({ one: manifestEntry({ experts: ["a"] }) });
    const { id } = (await create()).body;
    expect((await api.call("DELETE", `/manifests/${id}`, undefined, { headers: { "if-match": '"99"' } })).status).toBe(412);
    expect((await api.call("DELETE", `/manifests/${id}`)).status).toBe(204);
    expect((await api.call("GET", "/endpoints")).body.data).toEqual([]);
    expect(await modelNames()).toEqual([]);
    expect(sync.states()).toEqual([]);
    expect((await api.call("DELETE", `/manifests/${id}`)).status).toBe(404);
    expect((await create()).status).toBe(201);
  });

  it.each([
    ["config", "config file"],
    ["environment", "METIS_STATUS_URL"],
  ] as const)("is not for one of the %s, which is removed there", async (origin, where) => {
    seeds.push(seed({ origin, tokens: new Map([["openai-production", new Secret(canary)]]) }));
    server.serve({ one: manifestEntry({ experts: ["a"] }) });
    await sync.start();
    await sync.idle();
    const [manifest] = (await api.call("GET", "/manifests")).body.data;
    expect(manifest).toMatchObject({ origin, status: "ok" });
    const answer = await api.call("DELETE", `/manifests/${manifest.id}`);
    expect([answer.status, answer.body.error.code]).toEqual([403, "not_allowed"]);
    expect(answer.body.error.message).toContain(where);
    expect(await modelNames()).toEqual(["a"]);
  });
});

it("what the configuration makes, takes over, changes and removes is in the audit log", async () => {
  await create({ name: "mine" });
  const recorded = async () =>
    (await api.storage.audit.page({ action: "manifest" }, { limit: 20 })).rows.map(
      ({ actor_kind, actor_name, action, resource_name, after }) => [actor_kind, actor_name, action, resource_name, after],
    );
  const before = (await recorded()).length;
  const { storage } = api;
  await reconcileSeeds(
    storage,
    [seed({ name: "mine", tokens: new Map([["a", new Secret(canary)]]) }), seed({ name: "env", origin: "environment" })],
    1e13,
  );
  await reconcileSeeds(storage, [seed({ name: "mine" }), seed({ name: "env", origin: "environment" })], 2e13);
  await reconcileSeeds(storage, [seed({ name: "mine", intervalMs: 90_000 })], 3e13);
  expect((await recorded()).slice(0, -before)).toEqual([
    ["system", "environment", "manifest.delete", "env", null],
    ["system", "config", "manifest.update", "mine", '{"interval":"90s"}'],
    ["system", "environment", "manifest.create", "env", expect.stringContaining('"origin":"environment"')],
    ["system", "config", "manifest.update", "mine", '{"origin":"config","interval":"1m","has_tokens":false}'],
  ]);
});

it("lists manifests by name, page by page", async () => {
  for (const name of ["c", "a", "b"]) await create({ name });
  const first = (await api.call("GET", "/manifests?limit=2")).body;
  expect(first.data.map(({ name }: { name: string }) => name)).toEqual(["a", "b"]);
  const second = (await api.call("GET", `/manifests?limit=2&cursor=${first.next_cursor}`)).body;
  expect([second.data.map(({ name }: { name: string }) => name), second.next_cursor]).toEqual([["c"], null]);
  expect((await api.call("GET", "/manifests?cursor=nonsense")).body.error.field).toBe("cursor");
});

describe("an endpoint of a manifest", () => {
  let endpoint: { id: string; name: string };
  let manifestId: string;
  beforeEach(async () => {
    server.serve({ one: manifestEntry({ experts: ["a"] }) });
    manifestId = (await create()).body.id;
    endpoint = (await api.call("GET", "/endpoints")).body.data[0];
  });

  it("says which one it comes from", async () => {
    const shown = (await api.call("GET", `/endpoints/${endpoint.id}`)).body;
    expect(shown).toEqual(endpoint);
    expect(shown).toMatchObject({
      name: "metis.one",
      origin: "manifest",
      manifest_id: manifestId,
      manifest: "metis",
      has_api_key: true,
      status: "active",
    });
  });

  it("is changed by the manifest alone", async () => {
    const calls = [
      ["PATCH", "", { weight: 2 }],
      ["DELETE", "", undefined],
      ["POST", "/synchronize", undefined],
      ["POST", "/models", { model: "x" }],
    ] as const;
    for (const [method, path, body] of calls) {
      const answer = await api.call(method, `/endpoints/${endpoint.id}${path}`, body);
      expect([answer.status, answer.body.error.code]).toEqual([403, "not_allowed"]);
      expect(answer.body.error.message).toContain("'metis'");
    }
    expect((await api.call("GET", `/endpoints/${endpoint.id}`)).body).toEqual(endpoint);
    const [model] = (await api.call("GET", "/models")).body.data;
    expect((await api.call("DELETE", `/models/${model.id}`)).status).toBe(403);
  });

  it("can be tried", async () => {
    const answer = await api.call("POST", "/endpoints/validate", {
      endpoint_id: endpoint.id,
      url: server.url.replace("/status.json", "/v1"),
    });
    expect(answer.status).toBe(200);
  });

  it("has models that an administrator disables, and that are as the manifest says when he enables them", async () => {
    const [model] = (await api.call("GET", "/models")).body.data;
    const statusOf = (answer: { body: { deployments: { status: string; reason: string | null }[] } }) =>
      answer.body.deployments.map(({ status, reason }) => [status, reason]);
    expect(statusOf(await api.call("PATCH", `/models/${model.id}`, { status: "disabled" }))).toEqual([
      ["disabled", "disabled by an administrator"],
    ]);
    server.serve({ one: manifestEntry({ experts: ["a"], status: "Maintenance" }) });
    await api.call("POST", `/manifests/${manifestId}/refresh`);
    expect(statusOf(await api.call("GET", `/models/${model.id}`))).toEqual([["disabled", "disabled by an administrator"]]);
    expect(statusOf(await api.call("PATCH", `/models/${model.id}`, { status: "active" }))).toEqual([
      ["offline", "in maintenance"],
    ]);
  });

  it("gets an expert back when the virtual model that had its name is gone", async () => {
    const targets = [{ endpoint: "metis.one", model: "a" }];
    const virtual = (await api.call("POST", "/models", { name: "wanted", targets })).body;
    server.serve({ one: manifestEntry({ experts: ["a", "wanted"] }) });
    const refreshed = await api.call("POST", `/manifests/${manifestId}/refresh`);
    expect(refreshed.body.entries[0]).toMatchObject({ models: ["a"], error: expect.stringContaining("wanted") });
    expect((await api.call("DELETE", `/models/${virtual.id}`)).status).toBe(204);
    expect(await modelNames()).toEqual(["a", "wanted"]);
  });
});
