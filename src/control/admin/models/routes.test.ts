// Models and static deployments through the admin API.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AdminApiUnderTest, startAdminApi } from "../../../../test/support/admin-api.ts";
import { type Provider, startProvider } from "../../../../test/support/provider.ts";
import { unknownHealth } from "../context.ts";

let api: AdminApiUnderTest;
let provider: Provider;
let endpointId: string;
beforeAll(async () => {
  api = await startAdminApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  provider = await startProvider({ models: ["alpha", "beta", "gamma"] });
  endpointId = (await register("one")).id;
});
afterEach(async () => {
  for (const endpoint of (await api.call("GET", "/endpoints")).body.data) await api.call("DELETE", `/endpoints/${endpoint.id}`);
  await provider.close();
});

const register = async (name: string) =>
  (await api.call("POST", "/endpoints", { name, url: `${provider.url}/v1`, weight: 3 })).body;
const synchronize = async (id = endpointId) => (await api.call("POST", `/endpoints/${id}/synchronize`)).body;
const models = async () => (await api.call("GET", "/models")).body.data;
const modelId = async (name: string): Promise<string> =>
  (await models()).find((model: { name: string }) => model.name === name).id;
const patch = (id: string, body: object, headers = {}) => api.call("PATCH", `/models/${id}`, body, { headers });

describe("models", () => {
  it("are listed by name with their deployments, page by page", async () => {
    const first = (await api.call("GET", "/models?limit=2")).body;
    expect(first.data.map((model: { name: string }) => model.name)).toEqual(["alpha", "beta"]);
    expect(first.data[0]).toEqual({
      id: expect.stringMatching(/^mdl_/),
      name: "alpha",
      kind: "pool",
      strategy: "balanced",
      max_attempts: null,
      hedge: null,
      timeouts: {},
      groups: null,
      limits: {},
      status: "active",
      deployments: [
        {
          id: expect.stringMatching(/^dep_/),
          endpoint: "one",
          endpoint_id: endpointId,
          upstream_model: "alpha",
          status: "active",
          reason: null,
          since: expect.stringMatching(/Z$/),
          weight: 3,
          priority: 0,
          health: unknownHealth(""),
          source: "discovered",
        },
      ],
      created_at: expect.any(String),
      updated_at: expect.any(String),
    });
    const second = (await api.call("GET", `/models?limit=2&cursor=${encodeURIComponent(first.next_cursor)}`)).body;
    expect([second.data.length, second.data[0].name, second.next_cursor]).toEqual([1, "gamma", null]);
    expect((await api.call("GET", `/models/${first.data[0].id}`)).body).toEqual(first.data[0]);
    expect((await api.call("GET", "/models/mdl_unknown")).status).toBe(404);
  });

  it("are active while any deployment is, offline with a reason when none is", async () => {
    const two = await register("two");
    provider.models = ["alpha", "beta"];
    await synchronize();
    const gamma = await modelId("gamma");
    expect((await api.call("GET", `/models/${gamma}`)).body).toMatchObject({
      status: "active",
      deployments: [
        { endpoint: "one", status: "offline", reason: "not in the provider's list" },
        { endpoint: "two", status: "active" },
      ],
    });
    await synchronize(two.id);
    expect((await api.call("GET", `/models/${gamma}`)).body.status).toBe("offline");
  });

  it("disabled ones stay disabled through synchronisations, until an administrator brings them back", async () => {
    const alpha = await modelId("alpha");
    const disabled = await patch(alpha, { status: "disabled" });
    expect(disabled.body).toMatchObject({
      status: "disabled",
      deployments: [{ status: "disabled", reason: "disabled by an administrator" }],
    });
    expect(api.published.at(-1)).toBe("routing");
    await synchronize();
    expect((await api.call("GET", `/models/${alpha}`)).body.status).toBe("disabled");
    expect((await api.call("GET", `/endpoints/${endpointId}`)).body.model_counts).toEqual({ active: 2, offline: 0, disabled: 1 });
    expect((await patch(alpha, { status: "active" })).body).toMatchObject({
      status: "active",
      deployments: [{ status: "active", reason: null }],
    });
  });

  it("an offline deployment is not made active by wishing", async () => {
    provider.models = ["alpha", "beta"];
    await synchronize();
    expect((await patch(await modelId("gamma"), { status: "active" })).body.status).toBe("offline");
  });

  it("what is not selected stays so: the selection decides", async () => {
    await api.call("PATCH", `/endpoints/${endpointId}`, { models: ["alpha", "beta"] });
    expect((await patch(await modelId("gamma"), { status: "active" })).body).toMatchObject({
      status: "disabled",
      deployments: [{ reason: "not selected" }],
    });
  });

  it("a deleted discovered model is not added again by a synchronisation, and comes back when added by hand", async () => {
    const answer = await api.call("DELETE", `/models/${await modelId("alpha")}`);
    expect([answer.status, answer.text, api.published.at(-1)]).toEqual([204, "", "routing"]);
    const run = await synchronize();
    expect(run.models).toContainEqual({ id: "alpha", outcome: "skipped", detail: "removed by an administrator" });
    expect((await models()).map((model: { name: string }) => model.name)).toEqual(["beta", "gamma"]);
    const back = await api.call("POST", `/endpoints/${endpointId}/models`, { model: "alpha" });
    expect([back.status, back.body.name, back.body.status]).toEqual([201, "alpha", "active"]);
  });

  it("a name is free again once its model is deleted", async () => {
    await api.call("POST", `/endpoints/${endpointId}/models`, { model: "mine", alias: "bot" });
    await api.call("DELETE", `/models/${await modelId("bot")}`);
    expect((await api.call("POST", `/endpoints/${endpointId}/models`, { model: "other", alias: "bot" })).status).toBe(201);
    expect((await api.call("POST", `/endpoints/${endpointId}/models`, { model: "mine" })).body.name).toBe("mine");
    expect((await api.call("GET", `/endpoints/${endpointId}`)).body.aliases).toEqual({ other: "bot" });
    expect((await api.call("DELETE", "/models/mdl_unknown")).status).toBe(404);
  });

  it("writes with an old If-Match are 412 stale, also when only a deployment's state has changed", async () => {
    const gamma = await modelId("gamma");
    const etag = (await api.call("GET", `/models/${gamma}`)).headers.get("etag") as string;
    provider.models = ["alpha", "beta"];
    await synchronize();
    const stale = await patch(gamma, { status: "disabled" }, { "if-match": etag });
    expect([stale.status, stale.body.error.code]).toEqual([412, "stale"]);
    expect((await api.call("DELETE", `/models/${gamma}`, undefined, { headers: { "if-match": etag } })).status).toBe(412);
    const fresh = (await api.call("GET", `/models/${gamma}`)).headers.get("etag") as string;
    const changed = await patch(gamma, { status: "disabled" }, { "if-match": fresh });
    expect(changed.status).toBe(200);
    expect(changed.headers.get("etag")).toBe((await api.call("GET", `/models/${gamma}`)).headers.get("etag"));
  });

  it("what this version does not act on is refused by name", async () => {
    const alpha = await modelId("alpha");
    const answer = await patch(alpha, { limits: { tokens_per_hour: 5 } });
    expect([answer.status, answer.body.error?.field]).toEqual([422, "limits.tokens_per_hour"]);
    expect((await patch(alpha, { status: "offline" })).body.error.field).toBe("status");
    const put = await api.call("PUT", "/models", {});
    expect([put.status, put.body.error.code, put.headers.get("allow")]).toEqual([405, "method_not_allowed", "POST, GET"]);
  });
});
