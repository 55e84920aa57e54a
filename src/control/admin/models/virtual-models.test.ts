// Virtual models through the admin API: made, changed, switched and deleted without touching the deployments that they share with pools.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AdminApiUnderTest, startAdminApi } from "../../../../test/support/admin-api.ts";
import type { LooseJson } from "../../../../test/support/loose-json.ts";
import { type Provider, startProvider } from "../../../../test/support/provider.ts";
import { newModelRow } from "../../new-model-row.ts";
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
  endpointId = (await register("one", { weight: 3 })).body.id;
});
afterEach(async () => {
  for (const endpoint of (await api.call("GET", "/endpoints")).body.data) await api.call("DELETE", `/endpoints/${endpoint.id}`);
  for (const model of await models()) await api.call("DELETE", `/models/${model.id}`);
  await provider.close();
});

const register = (name: string, more: object = {}) =>
  api.call("POST", "/endpoints", { name, url: `${provider.url}/v1`, ...more });
const create = (body: object) => api.call("POST", "/models", body);
const models = async (): Promise<LooseJson[]> => (await api.call("GET", "/models")).body.data;
const named = async (name: string): Promise<LooseJson> => (await models()).find((model) => model.name === name) as LooseJson;
const deploymentId = async (name: string): Promise<string> => (await named(name)).deployments[0].id;
const patch = (id: string, body: object, headers = {}) => api.call("PATCH", `/models/${id}`, body, { headers });
const upstream = (model: LooseJson) => model.deployments.map((target: LooseJson) => target.upstream_model);
const byName = (model: string, more: object = {}) => ({ endpoint: "one", model, ...more });

describe("making a virtual model", () => {
  it("lists its targets in their order, by id or by name, with weights and priorities", async () => {
    const answer = await create({
      name: "smart",
      strategy: "priority",
      targets: [
        { deployment_id: await deploymentId("gamma"), weight: 5 },
        byName("alpha", { priority: 1 }),
        byName("beta", { weight: 0 }),
      ],
      max_attempts: 3,
      hedge: {},
      timeouts: { first_byte: "20s" },
    });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      id: expect.stringMatching(/^mdl_/),
      name: "smart",
      kind: "virtual",
      strategy: "priority",
      max_attempts: 3,
      hedge: { extra_traffic: 0.05, min_delay: "50ms" },
      timeouts: { first_byte: "20s" },
      status: "active",
      deployments: [
        { upstream_model: "gamma", endpoint: "one", endpoint_id: endpointId, status: "active", weight: 5, priority: 0 },
        { upstream_model: "alpha", weight: 1, priority: 1, health: unknownHealth("") },
        { upstream_model: "beta", weight: 0, priority: 0 },
      ],
    });
    expect(api.published.at(-1)).toBe("routing");
    const read = await api.call("GET", `/models/${answer.body.id}`);
    expect(read.body).toEqual(answer.body);
    expect(answer.headers.get("etag")).toBe(read.headers.get("etag"));
    expect((await models()).map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      "alpha pool",
      "beta pool",
      "gamma pool",
      "smart virtual",
    ]);
  });

  it("names what is wrong, and writes nothing then", async () => {
    const one = byName("alpha");
    const alpha = { deployment_id: await deploymentId("alpha") };
    const cases: [object, string][] = [
      [{ name: undefined }, "name"],
      [{ name: "" }, "name"],
      [{ targets: undefined }, "targets"],
      [{ targets: [] }, "targets"],
      [{ targets: Array.from({ length: 101 }, () => one) }, "targets"],
      [{ targets: [one, { deployment_id: "dep_unknown" }] }, "targets.1.deployment_id"],
      [{ targets: [{ endpoint: "none", model: "alpha" }] }, "targets.0.endpoint"],
      [{ targets: [one, byName("delta")] }, "targets.1.model"],
      [{ targets: [byName("beta"), one, alpha] }, "targets.2.deployment_id"],
      [{ targets: [alpha, one] }, "targets.1.model"],
      [{ targets: [{}] }, "targets.0.deployment_id"],
      [{ targets: [{ endpoint: "one" }] }, "targets.0.model"],
      [{ targets: [{ model: "alpha" }] }, "targets.0.endpoint"],
      [{ targets: [{ ...one, ...alpha }] }, "targets.0.endpoint"],
      [{ targets: [{ ...one, weight: -1 }] }, "targets.0.weight"],
      [{ targets: [{ ...one, weight: 1.5 }] }, "targets.0.weight"],
      [{ targets: [{ ...one, priority: "high" }] }, "targets.0.priority"],
      [{ targets: [{ ...one, colour: "red" }] }, "targets.0.colour"],
      [{ strategy: "fastest" }, "strategy"],
      [{ max_attempts: 0 }, "max_attempts"],
      [{ max_attempts: 11 }, "max_attempts"],
      [{ hedge: true }, "hedge"],
      [{ hedge: { extra_traffic: 2 } }, "hedge.extra_traffic"],
      [{ hedge: { min_delay: "2m" } }, "hedge.min_delay"],
      [{ timeouts: { idle: "0s" } }, "timeouts.idle"],
      [{ limits: { requests_per_second: -1 } }, "limits.requests_per_second"],
      [{ limits: { concurrent_requests: 0 } }, "limits.concurrent_requests"],
      [{ groups: [] }, "groups"],
      [{ groups: [" "] }, "groups.0"],
      [{ groups: Array.from({ length: 101 }, () => "a") }, "groups"],
      [{ status: "disabled" }, "status"],
    ];
    for (const [wrong, field] of cases) {
      const answer = await create({ name: "smart", targets: [one], ...wrong });
      const { code, field: named, message } = answer.body.error;
      expect([wrong, answer.status, code, named, message]).toEqual([
        wrong,
        422,
        "invalid_field",
        field,
        expect.stringContaining(field),
      ]);
    }
    expect(await models()).toHaveLength(3);
    expect(await api.storage.modelTargets.all()).toEqual([]);
  });

  it("a name that a pool or another virtual model has is 409, with all that has it", async () => {
    await register("two");
    const taken = await create({ name: "alpha", targets: [byName("beta")] });
    expect([taken.status, taken.body.error.code, taken.body.error.field]).toEqual([409, "name_conflict", "name"]);
    expect(taken.body.error.conflicts).toHaveLength(2);
    expect(taken.body.error.conflicts).toContainEqual({
      model: "alpha",
      alias: "alpha",
      reason: expect.stringContaining("'two'"),
    });
    const both = await Promise.all([1, 2].map(() => create({ name: "race", targets: [byName("beta")] })));
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409]);
    const again = await create({ name: "race", targets: [byName("beta")] });
    expect(again.body.error.conflicts).toEqual([{ model: "race", alias: "race", reason: expect.stringContaining("virtual") }]);
  });
});

describe("changing a virtual model", () => {
  it("null takes back, what is left out stays, objects merge, the list of targets is replaced", async () => {
    const settings = { strategy: "weighted", max_attempts: 2, hedge: { extra_traffic: 0.1 }, timeouts: { idle: "5s" } };
    const { body: made } = await create({ name: "smart", targets: [byName("alpha"), byName("beta")], ...settings });
    const merged = await patch(made.id, { hedge: { min_delay: "100ms" }, timeouts: { total: "1m" } });
    expect(merged.body).toMatchObject({
      ...settings,
      hedge: { extra_traffic: 0.1, min_delay: "100ms" },
      timeouts: { idle: "5s", total: "1m" },
    });
    const partly = await patch(made.id, {
      hedge: { extra_traffic: null },
      timeouts: { idle: null },
      targets: [byName("gamma", { priority: 2 })],
    });
    expect(partly.body).toMatchObject({
      strategy: "weighted",
      max_attempts: 2,
      hedge: { extra_traffic: 0.05, min_delay: "100ms" },
      deployments: [{ upstream_model: "gamma", weight: 1, priority: 2 }],
    });
    expect(partly.body.timeouts).toEqual({ total: "1m" });
    const cleared = await patch(made.id, { strategy: null, max_attempts: null, hedge: null, timeouts: null });
    expect(cleared.body).toMatchObject({ strategy: "balanced", max_attempts: null, hedge: null, timeouts: {} });
    expect(upstream(cleared.body)).toEqual(["gamma"]);
    for (const targets of [null, []]) expect((await patch(made.id, { targets })).body.error.field).toBe("targets");
    const unknown = await patch(made.id, { strategy: "priority", targets: [byName("alpha"), byName("delta")] });
    expect([unknown.status, unknown.body.error.field]).toEqual([422, "targets.1.model"]);
    expect((await api.call("GET", `/models/${made.id}`)).body).toEqual(cleared.body);
  });

  it("can be renamed to a name that is free", async () => {
    const { body: made } = await create({ name: "smart", targets: [byName("alpha")] });
    expect((await patch(made.id, { name: "clever" })).body).toMatchObject({ id: made.id, name: "clever" });
    expect((await patch(made.id, { name: "clever" })).status).toBe(200);
    const taken = await patch(made.id, { name: "beta" });
    expect([taken.status, taken.body.error.code, taken.body.error.conflicts.length]).toEqual([409, "name_conflict", 1]);
    expect((await patch(await namedId("alpha"), { name: "omega" })).body.error).toMatchObject({
      code: "invalid_field",
      field: "name",
    });
  });

  it("disabled, it alone is: its deployments go on elsewhere", async () => {
    const { body: made } = await create({ name: "smart", targets: [byName("alpha"), byName("beta")] });
    const disabled = await patch(made.id, { status: "disabled" });
    expect(disabled.body).toMatchObject({ status: "disabled", deployments: [{ status: "active" }, { status: "active" }] });
    expect([(await named("alpha")).status, (await named("beta")).status]).toEqual(["active", "active"]);
    expect((await patch(made.id, { status: "active" })).body.status).toBe("active");
    await patch(await namedId("alpha"), { status: "disabled" });
    expect((await named("smart")).status).toBe("active");
    await patch(await namedId("beta"), { status: "disabled" });
    expect((await named("smart")).status).toBe("disabled");
    // Only the pools' own switch brings their deployments back.
    expect((await patch(made.id, { status: "active" })).body.status).toBe("disabled");
  });

  it("with an old If-Match is 412; health is no change", async () => {
    const { body: made } = await create({ name: "smart", targets: [byName("alpha")] });
    const etag = (await api.call("GET", `/models/${made.id}`)).headers.get("etag") as string;
    expect((await patch(made.id, { strategy: "weighted" }, { "if-match": etag })).status).toBe(200);
    const stale = await patch(made.id, { strategy: "priority" }, { "if-match": etag });
    expect([stale.status, stale.body.error.code]).toEqual([412, "stale"]);
    const remove = await api.call("DELETE", `/models/${made.id}`, undefined, { headers: { "if-match": etag } });
    expect(remove.status).toBe(412);
  });

  const namedId = async (name: string): Promise<string> => (await named(name)).id;
});

describe("what a virtual model shares", () => {
  it("goes alone when it is deleted; its deployments stay", async () => {
    const { body: made } = await create({ name: "smart", targets: [byName("alpha")] });
    expect((await api.call("DELETE", `/models/${made.id}`)).status).toBe(204);
    expect((await models()).map(({ name, status }) => `${name} ${status}`)).toEqual([
      "alpha active",
      "beta active",
      "gamma active",
    ]);
    expect(await api.storage.modelTargets.all()).toEqual([]);
  });

  it("loses targets with their endpoint or pool, and stays offline without any", async () => {
    const two = (await register("two")).body;
    const { body: made } = await create({
      name: "smart",
      targets: [byName("alpha"), { endpoint: "two", model: "alpha" }, byName("beta")],
    });
    await api.call("DELETE", `/models/${(await named("beta")).id}`);
    expect(upstream(await named("smart"))).toEqual(["alpha", "alpha"]);
    await api.call("DELETE", `/endpoints/${two.id}`);
    expect(upstream(await named("smart"))).toEqual(["alpha"]);
    await api.call("DELETE", `/endpoints/${endpointId}`);
    expect(await named("smart")).toMatchObject({ id: made.id, kind: "virtual", status: "offline", deployments: [] });
  });

  it("a removed model that is added again is no target until it is made one", async () => {
    await create({ name: "smart", targets: [byName("alpha"), byName("beta")] });
    await api.call("DELETE", `/models/${(await named("beta")).id}`);
    expect((await create({ name: "other", targets: [byName("beta")] })).body.error.field).toBe("targets.0.model");
    await api.call("POST", `/endpoints/${endpointId}/models`, { model: "beta" });
    expect(upstream(await named("smart"))).toEqual(["alpha"]);
  });

  it("keeps a target that is renamed or offline", async () => {
    await create({ name: "smart", targets: [byName("alpha"), byName("beta")] });
    await api.call("PATCH", `/endpoints/${endpointId}`, { aliases: { alpha: "a" } });
    provider.models = ["alpha", "gamma"];
    await api.call("POST", `/endpoints/${endpointId}/synchronize`);
    expect(await named("smart")).toMatchObject({
      status: "active",
      deployments: [{ upstream_model: "alpha" }, { upstream_model: "beta", status: "offline" }],
    });
  });
});

describe("the name of a virtual model", () => {
  beforeEach(async () => {
    await api.storage.models.insert(newModelRow("smart", "virtual", 1));
  });

  it("is given to no discovered model, and the run says why", async () => {
    provider.models = ["alpha", "beta", "gamma", "smart"];
    const run = (await api.call("POST", `/endpoints/${endpointId}/synchronize`)).body;
    expect(run.models).toContainEqual({ id: "smart", outcome: "conflict", detail: "'smart' is the name of a virtual model" });
    expect(await named("smart")).toMatchObject({ kind: "virtual", deployments: [] });
    const registered = await register("two");
    expect([registered.status, registered.body.last_sync.counts]).toEqual([
      201,
      expect.objectContaining({ added: 3, conflict: 1 }),
    ]);
  });

  it("is given to no alias, pin or static model", async () => {
    const conflicts = [
      await register("two", { aliases: { alpha: "smart" } }),
      await register("two", { models: ["smart"] }),
      await api.call("PATCH", `/endpoints/${endpointId}`, { aliases: { alpha: "smart" } }),
      await api.call("POST", `/endpoints/${endpointId}/models`, { model: "smart" }),
      await api.call("POST", `/endpoints/${endpointId}/models`, { model: "unlisted", alias: "smart" }),
    ];
    for (const { status, body } of conflicts) {
      expect([status, body.error.code]).toEqual([409, "alias_conflict"]);
      expect(body.error.conflicts).toEqual([
        expect.objectContaining({ alias: "smart", reason: expect.stringContaining("virtual") }),
      ]);
    }
    expect(await named("smart")).toMatchObject({ kind: "virtual", deployments: [] });
  });
});
