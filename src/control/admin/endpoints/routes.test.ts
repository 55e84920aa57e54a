// Registering, reading, changing and deleting endpoints through the admin API.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AdminApiUnderTest, startAdminApi } from "../../../../test/support/admin-api.ts";
import { type Provider, startProvider } from "../../../../test/support/provider.ts";

const canary = "sk-canary-provider-key-4711";

let api: AdminApiUnderTest;
let provider: Provider;
beforeAll(async () => {
  api = await startAdminApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  provider = await startProvider({ models: ["alpha", "beta", "gamma"] });
});
afterEach(async () => {
  for (const endpoint of (await api.call("GET", "/endpoints")).body.data) await api.call("DELETE", `/endpoints/${endpoint.id}`);
  await provider.close();
});

const register = (body: object = {}) => api.call("POST", "/endpoints", { name: "one", url: `${provider.url}/v1`, ...body });
const modelNames = async () => (await api.call("GET", "/models")).body.data.map((model: { name: string }) => model.name);
const endpointCount = async () => (await api.call("GET", "/endpoints")).body.data.length;

describe("registering an endpoint", () => {
  it("fetches its models first: they are there with the answer, which holds no key", async () => {
    const answer = await register({ api_key: canary, description: "Production", headers: { "X-Team": "research" } });
    expect(answer.status).toBe(201);
    expect(answer.headers.get("etag")).toBe('"1"');
    expect(answer.body).toMatchObject({
      name: "one",
      description: "Production",
      url: `${provider.url}/v1`,
      effective_url: `${provider.url}/v1`,
      origin: "admin",
      dialect: "openai",
      auth_header_name: null,
      auth_header_prefix: null,
      headers: { "x-team": "research" },
      query: {},
      models: "all",
      aliases: {},
      sync_interval: "1h",
      timeouts: {},
      weight: 1,
      probe: null,
      has_api_key: true,
      status: "active",
      model_counts: { active: 3, offline: 0, disabled: 0 },
      last_sync: { trigger: "create", status: "ok", stage: "done", error: null, counts: { added: 3 } },
      version: 1,
    });
    expect(answer.body.last_sync).not.toHaveProperty("models");
    expect(answer.text).not.toContain(canary);
    expect(await modelNames()).toEqual(["alpha", "beta", "gamma"]);
    expect(api.published.slice(-2)).toEqual(["routing", "schedule"]);
    expect(provider.requests[0]?.headers).toMatchObject({ authorization: `Bearer ${canary}`, "x-team": "research" });
    expect((await api.call("GET", `/endpoints/${answer.body.id}`)).body).toEqual(answer.body);
  });

  it("keeps every field as it was given, a prefix's last space included", async () => {
    const given = {
      dialect: "anthropic",
      auth_header_name: "X-Token",
      auth_header_prefix: "Token ",
      headers: { "x-team": "research" },
      query: { "api-version": "2024-10-21" },
      models: ["alpha", "beta"],
      aliases: { alpha: "prod-alpha" },
      sync_interval: "90s",
      timeouts: { connect: "2s", total: "5m" },
      weight: 7,
      probe: { kind: "completion", interval: "5s", timeout: "500ms" },
    };
    const { body } = await register({ ...given, api_key: canary });
    expect(body).toMatchObject(given);
    expect(provider.requests[0]?.headers["x-token"]).toBe(`Token ${canary}`);
    expect(provider.requests[0]?.url).toContain("api-version=2024-10-21");
    expect(await modelNames()).toEqual(["beta", "prod-alpha"]);
    expect((await register({ name: "on-demand", sync_interval: 0 })).body.sync_interval).toBe("0s");
  });

  it("a taken name is 409 name_conflict and writes nothing", async () => {
    await register();
    const asked = provider.requests.length;
    const again = await register();
    expect([again.status, again.body.error.code, again.body.error.field]).toEqual([409, "name_conflict", "name"]);
    expect(await endpointCount()).toBe(1);
    expect(provider.requests.length).toBe(asked);
    const both = await Promise.all([register({ name: "race" }), register({ name: "race" })]);
    expect(both.map((answer) => answer.status).sort()).toEqual([201, 409]);
  });

  it("names the field of anything that is not allowed, and never repeats a credential", async () => {
    const cases: [object, string][] = [
      [{ url: "not a url" }, "url"],
      [{ url: "ftp://x" }, "url"],
      [{ url: undefined }, "url"],
      [{ url: "https://user:pass@host" }, "url"],
      [{ name: "with/slash" }, "name"],
      [{ auth_header_name: "Bad Header" }, "auth_header_name"],
      [{ auth_header_prefix: "a\nb" }, "auth_header_prefix"],
      [{ api_key: `${canary}\n` }, "api_key"],
      [{ dialect: "klingon" }, "dialect"],
      [{ headers: { "Bad Header": "x" } }, "headers"],
      [{ headers: { host: "x" } }, "headers"],
      [{ headers: { "x-a": 1 } }, "headers.x-a"],
      [{ auth_header_name: "x-team", headers: { "x-team": "research" } }, "headers"],
      [{ query: { "": "x" } }, "query"],
      [{ models: "some" }, "models"],
      [{ aliases: { alpha: "" } }, "aliases.alpha"],
      [{ sync_interval: "soon" }, "sync_interval"],
      [{ sync_interval: "10ms" }, "sync_interval"],
      [{ timeouts: { connect: "0s" } }, "timeouts.connect"],
      [{ timeouts: { forever: "1s" } }, "timeouts.forever"],
      [{ weight: 0 }, "weight"],
      [{ weight: 1.5 }, "weight"],
      [{ probe: { kind: "ping" } }, "probe.kind"],
      [{ probe: { interval: "500ms" } }, "probe.interval"],
      [{ probe: { interval: "2h" } }, "probe.interval"],
      [{ probe: { timeout: "50ms" } }, "probe.timeout"],
      [{ probe: { timeout: "2m" } }, "probe.timeout"],
      [{ probe: { path: "/" } }, "probe.path"],
      [{ probe: true }, "probe"],
      [{ sync: "yes" }, "sync"],
      [{ limits: { requests_per_minute: 5 } }, "limits"],
      [{ colour: "red" }, "colour"],
    ];
    for (const [body, field] of cases) {
      const answer = await register(body);
      expect([body, answer.status, answer.body.error?.code, answer.body.error?.field]).toEqual([
        body,
        422,
        "invalid_field",
        field,
      ]);
      expect(answer.text).not.toContain(canary);
    }
    expect(provider.requests).toHaveLength(0);
    expect(await endpointCount()).toBe(0);
  });

  it("lists all alias conflicts at once and writes nothing, whether known before or from the provider's list", async () => {
    provider.models = ["a1", "a2", "b1", "b2", "c1", "c2", "d"];
    const aliases = { a1: "a", a2: "a", b1: "b", b2: "b", c1: "c", c2: "c" };
    const known = await register({ aliases });
    expect([known.status, known.body.error.code]).toEqual([409, "alias_conflict"]);
    expect(known.body.error.conflicts.map((conflict: { model: string }) => conflict.model).sort()).toEqual(Object.keys(aliases));
    expect(known.body.error.conflicts[0]).toEqual({ model: "a1", alias: "a", reason: expect.stringContaining("a2") });
    expect(provider.requests).toHaveLength(0);

    const fromList = await register({ aliases: { a1: "d", b1: "c1", c2: "b2" } });
    expect(fromList.status).toBe(409);
    expect(fromList.body.error.conflicts.map((conflict: { model: string }) => conflict.model).sort()).toEqual(["a1", "b1", "c2"]);
    expect(await endpointCount()).toBe(0);
    expect(await modelNames()).toEqual([]);
  });

  it("a provider that fails is no error: 201, and last_sync says at which stage", async () => {
    provider.settings.requireKey = "another key";
    const refused = await register({ api_key: canary });
    expect(refused.status).toBe(201);
    expect(refused.body).toMatchObject({ status: "offline", last_sync: { trigger: "create", status: "failed", stage: "auth" } });
    expect(refused.body.last_sync.error).toContain("401");
    expect(refused.text).not.toContain(canary);
    await provider.stop();
    const gone = await register({ name: "gone" });
    expect(gone.body).toMatchObject({ status: "offline", last_sync: { status: "failed", stage: "connect" } });
    expect(api.published.at(-1)).toBe("schedule");
  });

  it("with sync false the provider is not asked", async () => {
    const { status, body } = await register({ sync: false });
    expect([status, body.status, body.last_sync]).toEqual([201, "never_synced", null]);
    expect(provider.requests).toHaveLength(0);
  });

  it("stores the credential encrypted, bound to the endpoint, and shows it nowhere", async () => {
    const { body } = await register({ api_key: canary });
    const row = await api.storage.endpoints.get(body.id);
    expect(row?.api_key_ciphertext).not.toContain(canary);
    expect(api.cipher.decrypt(row?.api_key_ciphertext as string, `endpoint:${body.id}:api_key`)).toBe(canary);
    for (const path of ["/endpoints", `/endpoints/${body.id}`, `/endpoints/${body.id}/sync-runs`, "/models"]) {
      expect((await api.call("GET", path)).text).not.toContain(canary);
    }
    expect(api.logged.join("\n")).not.toContain(canary);
  });

  it("the same public name on two endpoints is one model with two deployments", async () => {
    await register();
    await register({ name: "two" });
    const models = (await api.call("GET", "/models")).body.data;
    expect(models).toHaveLength(3);
    expect(models[0].deployments.map((deployment: { endpoint: string }) => deployment.endpoint)).toEqual(["one", "two"]);
  });
});

describe("listing endpoints", () => {
  it("gives them by name, page by page", async () => {
    for (const name of ["c", "a", "b"]) await register({ name, sync: false });
    const first = (await api.call("GET", "/endpoints?limit=2")).body;
    expect(first.data.map((endpoint: { name: string }) => endpoint.name)).toEqual(["a", "b"]);
    const second = (await api.call("GET", `/endpoints?limit=2&cursor=${encodeURIComponent(first.next_cursor)}`)).body;
    expect([second.data.map((endpoint: { name: string }) => endpoint.name), second.next_cursor]).toEqual([["c"], null]);
    expect((await api.call("GET", "/endpoints/ep_unknown")).status).toBe(404);
  });
});

describe("changing an endpoint", () => {
  const patch = (id: string, body: object, headers = {}) => api.call("PATCH", `/endpoints/${id}`, body, { headers });

  it("null clears, what is left out stays, objects merge", async () => {
    const given = {
      api_key: canary,
      description: "old",
      models: ["alpha"],
      headers: { "x-a": "1", "x-b": "2" },
      timeouts: { connect: "2s", total: "5m" },
      weight: 3,
      sync_interval: "5m",
    };
    const { body: made } = await register(given);
    const renamed = await patch(made.id, { name: "renamed" });
    expect(renamed.body).toMatchObject({ ...made, name: "renamed", updated_at: expect.any(String), version: 2 });
    const merged = await patch(made.id, { headers: { "X-A": null, "x-c": "3" }, timeouts: { total: null } });
    expect(merged.body).toMatchObject({ headers: { "x-b": "2", "x-c": "3" }, has_api_key: true });
    expect(merged.body.headers).not.toHaveProperty("x-a");
    expect(merged.body.timeouts).toEqual({ connect: "2s" });
    const cleared = await patch(made.id, {
      api_key: null,
      description: null,
      models: null,
      headers: null,
      timeouts: null,
      weight: null,
      sync_interval: null,
    });
    expect(cleared.body).toMatchObject({
      name: "renamed",
      has_api_key: false,
      description: null,
      models: "all",
      headers: {},
      timeouts: {},
      weight: 1,
      sync_interval: "1h",
    });
    expect((await api.storage.endpoints.get(made.id))?.api_key_ciphertext).toBeNull();
    expect(await modelNames()).toEqual(["alpha", "beta", "gamma"]);
  });

  it("a probe has defaults, is changed in parts and taken away, without asking the provider for its models", async () => {
    const { body: made } = await register();
    const asked = provider.requests.length;
    const probed = await patch(made.id, { probe: {} });
    expect(probed.body).toMatchObject({ probe: { kind: "models", interval: "30s", timeout: "10s" }, version: 2 });
    const changed = await patch(made.id, { probe: { kind: "completion", interval: "1s", timeout: null } });
    expect(changed.body.probe).toEqual({ kind: "completion", interval: "1s", timeout: "10s" });
    expect((await patch(made.id, { probe: { interval: "1ms" } })).body.error.field).toBe("probe.interval");
    expect((await patch(made.id, { probe: null })).body.probe).toBeNull();
    expect((await api.storage.endpoints.get(made.id))?.probe).toBeNull();
    expect(provider.requests.length).toBe(asked);
  });

  it("is held to the same rules as a new endpoint, and a refused change changes nothing", async () => {
    const { body: made } = await register({ api_key: canary });
    const before = (await api.call("GET", `/endpoints/${made.id}`)).body;
    const cases: [object, string][] = [
      [{ url: "ftp://x" }, "url"],
      [{ url: null }, "url"],
      [{ name: null }, "name"],
      [{ name: "a b" }, "name"],
      [{ api_key: "a\nb" }, "api_key"],
      [{ auth_header_name: "Bad Header" }, "auth_header_name"],
      [{ headers: { host: "x" } }, "headers"],
      [{ dialect: "klingon" }, "dialect"],
      [{ timeouts: { connect: "never" } }, "timeouts.connect"],
      [{ aliases: { alpha: "" } }, "aliases.alpha"],
      [{ limits: {} }, "limits"],
      [{ origin: "config" }, "origin"],
    ];
    for (const [body, field] of cases) {
      const answer = await patch(made.id, body);
      expect([body, answer.status, answer.body.error?.field]).toEqual([body, 422, field]);
    }
    await register({ name: "two", sync: false });
    expect((await patch(made.id, { name: "two" })).body.error).toMatchObject({ code: "name_conflict", field: "name" });
    const conflict = await patch(made.id, { aliases: { alpha: "gamma", beta: "gamma" } });
    expect([conflict.status, conflict.body.error.code]).toEqual([409, "alias_conflict"]);
    expect(conflict.body.error.conflicts.length).toBeGreaterThanOrEqual(2);
    expect((await api.call("GET", `/endpoints/${made.id}`)).body).toEqual(before);
  });

  it("renames models at once when aliases change, swaps included", async () => {
    const { body: made } = await register();
    const asked = provider.requests.length;
    await patch(made.id, { aliases: { alpha: "beta", beta: "alpha" } });
    const models = (await api.call("GET", "/models")).body.data;
    expect(
      models.map((model: { name: string; deployments: { upstream_model: string }[] }) => [
        model.name,
        model.deployments[0]?.upstream_model,
      ]),
    ).toEqual([
      ["alpha", "beta"],
      ["beta", "alpha"],
      ["gamma", "gamma"],
    ]);
    await patch(made.id, { aliases: { alpha: null, beta: null, gamma: "g" } });
    expect(await modelNames()).toEqual(["alpha", "beta", "g"]);
    expect(provider.requests.length).toBe(asked);
  });

  it("asks the provider again when the connection or the selection changes, unless told not to", async () => {
    const { body: made } = await register({ models: ["alpha"] });
    const asked = () => provider.requests.length;
    let before = asked();
    expect((await patch(made.id, { description: "new", weight: 2 })).body.last_sync.trigger).toBe("create");
    expect(asked()).toBe(before);
    const selected = await patch(made.id, { models: ["alpha", "beta"] });
    expect(selected.body).toMatchObject({ last_sync: { trigger: "update", status: "ok" }, model_counts: { active: 2 } });
    before = asked();
    expect((await patch(made.id, { api_key: canary, sync: false })).body).toMatchObject({
      has_api_key: true,
      last_sync: { id: selected.body.last_sync.id },
    });
    expect(asked()).toBe(before);
    expect((await patch(made.id, { url: provider.url })).body).toMatchObject({
      url: provider.url,
      effective_url: `${provider.url}/v1`,
      last_sync: { trigger: "update", status: "ok", stage: "done" },
    });
    provider.settings.requireKey = "another key";
    const failed = await patch(made.id, { api_key: "sk-wrong" });
    expect([failed.status, failed.body.last_sync.status, failed.body.last_sync.stage]).toEqual([200, "failed", "auth"]);
    expect(failed.body.model_counts.active).toBe(2);
  });

  it("keeps offline models when a name is edited", async () => {
    const { body: made } = await register();
    provider.models = ["alpha", "beta"];
    await api.call("POST", `/endpoints/${made.id}/synchronize`);
    const renamed = await patch(made.id, { name: "renamed" });
    expect(renamed.body.model_counts).toEqual({ active: 2, offline: 1, disabled: 0 });
    expect(await modelNames()).toEqual(["alpha", "beta", "gamma"]);
  });

  it("with an old If-Match is 412 stale and changes nothing", async () => {
    const { body: made, headers } = await register({ sync: false });
    const etag = headers.get("etag") as string;
    const first = await patch(made.id, { description: "first" }, { "if-match": etag });
    expect([first.status, first.headers.get("etag")]).toEqual([200, '"2"']);
    const second = await patch(made.id, { description: "second" }, { "if-match": etag });
    expect([second.status, second.body.error.code]).toEqual([412, "stale"]);
    const removal = await api.call("DELETE", `/endpoints/${made.id}`, undefined, { headers: { "if-match": etag } });
    expect(removal.status).toBe(412);
    expect((await api.call("GET", `/endpoints/${made.id}`)).body.description).toBe("first");
    expect((await patch("ep_unknown", { name: "x" })).status).toBe(404);
  });
});

describe("deleting an endpoint", () => {
  it("takes its deployments, and the models that no other endpoint has", async () => {
    const { body: one } = await register();
    provider.models = ["alpha"];
    await register({ name: "two" });
    const answer = await api.call("DELETE", `/endpoints/${one.id}`);
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expect(api.published.slice(-2)).toEqual(["routing", "schedule"]);
    expect(await modelNames()).toEqual(["alpha"]);
    expect((await api.call("DELETE", `/endpoints/${one.id}`)).status).toBe(404);
    const again = await register();
    expect(again.status).toBe(201);
  });
});
