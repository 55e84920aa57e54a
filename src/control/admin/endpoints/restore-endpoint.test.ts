// Undoing the deletion of an endpoint: what comes back, when it can't, and that nothing secret shows on the way.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AdminApiUnderTest, startAdminApi } from "../../../../test/support/admin-api.ts";
import { createFakeClock } from "../../../../test/support/fake-clock.ts";
import { type Provider, startProvider } from "../../../../test/support/provider.ts";
import { refuseAudit } from "../../../../test/support/refuse-audit.ts";
import { restorableMs } from "./deleted-content.ts";

const canary = "sk-canary-provider-key-4712";

let api: AdminApiUnderTest;
let provider: Provider;
const clock = createFakeClock();
beforeAll(async () => {
  api = await startAdminApi({ clock });
});
afterAll(() => api.close());
beforeEach(async () => {
  provider = await startProvider({ models: ["alpha", "beta", "gamma"] });
});
afterEach(async () => {
  for (const model of (await api.call("GET", "/models")).body.data)
    if (model.kind === "virtual") await api.call("DELETE", `/models/${model.id}`);
  for (const endpoint of (await api.call("GET", "/endpoints")).body.data) await api.call("DELETE", `/endpoints/${endpoint.id}`);
  await clock.advance(restorableMs);
  await provider.close();
});

const register = async (body: object = {}) => {
  const answer = await api.call("POST", "/endpoints", { name: "one", url: `${provider.url}/v1`, api_key: canary, ...body });
  expect(answer.status).toBe(201);
  return answer.body;
};
const remove = (id: string) => api.call("DELETE", `/endpoints/${id}`);
const restore = (id: string) => api.call("POST", `/deleted-endpoints/${id}/restore`);
const deleted = async () => (await api.call("GET", "/deleted-endpoints")).body;
const models = async () =>
  (await api.call("GET", "/models")).body.data as { id: string; name: string; deployments: { id: string }[]; status: string }[];
const modelNamed = async (name: string) => (await models()).find((model) => model.name === name);
const deploymentOf = async (name: string) => (await modelNamed(name))?.deployments[0]?.id as string;
const virtual = async (name: string, targets: object[]) => {
  const { status, body } = await api.call("POST", "/models", { name, targets });
  expect(status).toBe(201);
  return body.id as string;
};
const targetsOf = async (id: string) => (await api.storage.modelTargets.ofModels([id])).map((row) => row.deployment_id);

describe("restoring a deleted endpoint", () => {
  it("brings all of it back under its ids: key, aliases, disabled and removed models, pools, targets in their places, history", async () => {
    const one = await register({ aliases: { alpha: "prod-alpha" }, description: "Production" });
    const two = await register({ name: "two", models: ["beta", "gamma"] });
    await api.call("PATCH", `/models/${(await modelNamed("prod-alpha"))?.id}`, { status: "disabled" });
    await api.call("PATCH", `/models/${(await modelNamed("prod-alpha"))?.id}`, { strategy: "priority" });
    const rows = () => api.storage.deployments.ofEndpoint(one.id);
    const [alpha, beta, gamma] = (await rows()).map(({ id }) => id) as [string, string, string];
    const others = (await api.storage.deployments.ofEndpoint(two.id)).map(({ id }) => id);
    await api.storage.deployments.update(gamma, { model_id: null, removed_at: clock.nowMs() });
    const order = [others[0] as string, beta, others[1] as string, alpha];
    const smart = await virtual(
      "smart",
      order.map((deployment_id, index) => ({ deployment_id, weight: index + 1, priority: index })),
    );
    const gone = await virtual("gone-meanwhile", [{ deployment_id: alpha }]);
    await api.storage.modelTargets.replace((await modelNamed("beta"))?.id as string, [
      { deployment_id: beta, weight: 9, priority: 2 },
    ]);
    const runs = async () => (await api.call("GET", `/endpoints/${one.id}/sync-runs`)).body.data;
    const listed = () => api.storage.modelTargets.ofModels([smart]);
    const before = { rows: await rows(), models: await models(), runs: await runs(), targets: await listed() };
    const stored = await api.storage.endpoints.get(one.id);

    expect((await remove(one.id)).status).toBe(204);
    expect(await targetsOf(smart)).toEqual(others);
    expect((await models()).map(({ name }) => name)).not.toContain("prod-alpha");
    await api.call("DELETE", `/models/${gone}`);
    const list = await api.call("GET", "/deleted-endpoints");
    const times = {
      deleted_at: new Date(clock.nowMs()).toISOString(),
      expires_at: new Date(clock.nowMs() + 3_600_000).toISOString(),
    };
    expect(list.body).toEqual({ data: [{ id: one.id, name: "one", ...times, deployments: 2 }], next_cursor: null });
    expect(list.text).not.toMatch(/canary|v1\.|ciphertext/);

    const version = await api.storage.meta.configVersion();
    const answer = await restore(one.id);
    expect([answer.status, answer.headers.get("etag")]).toEqual([201, '"2"']);
    expect(answer.body).toMatchObject({
      ...one,
      model_counts: { active: 1, offline: 0, disabled: 1 },
      updated_at: expect.anything(),
      version: 2,
    });
    expect(api.published.slice(-2)).toEqual(["routing", "schedule"]);
    expect(await api.storage.meta.configVersion()).toBe(version + 1);
    const after = await api.storage.endpoints.get(one.id);
    expect(after).toEqual({ ...stored, updated_at: clock.nowMs(), version: 2 });
    expect(await rows()).toEqual(before.rows);
    expect(await listed()).toEqual(before.targets);
    expect(await runs()).toEqual(before.runs);
    // But for the virtual model that was deleted itself, and the times of those made again.
    const known = before.models.filter(({ name }) => name !== "gone-meanwhile");
    const timeless = (shown: object) => ({ ...shown, updated_at: null, version: null });
    expect((await models()).map(timeless)).toEqual(known.map(timeless));
    expect((await deleted()).data).toEqual([]);
    expect((await restore(one.id)).status).toBe(404);

    const [entry] = (await api.call("GET", "/audit?action=endpoint.restore&limit=1")).body.data;
    expect(entry).toMatchObject({
      action: "endpoint.restore",
      resource: { kind: "endpoint", id: one.id, name: "one" },
      before: null,
    });
    expect(entry.after).toMatchObject({ name: "one", aliases: { alpha: "prod-alpha" }, has_api_key: true });
    const said = answer.text + (await api.call("GET", "/audit?limit=1000")).text + api.logged.join("");
    for (const secret of [canary, stored?.api_key_ciphertext as string]) expect(said).not.toContain(secret);
    // What an administrator removed stays removed, and the stored key is the provider's.
    const run = await api.call("POST", `/endpoints/${one.id}/synchronize`);
    expect(run.body.models).toContainEqual({ id: "gamma", outcome: "skipped", detail: "removed by an administrator" });
    expect(provider.requests.at(-1)?.headers.authorization).toBe(`Bearer ${canary}`);
  });

  it("joins pools of its names that were made meanwhile, whichever of the endpoints went first", async () => {
    const one = await register({ models: ["alpha"] });
    const two = await register({ name: "two", models: ["alpha"] });
    const { id: pool } = (await modelNamed("alpha")) as { id: string };
    await remove(one.id);
    await remove(two.id);
    expect((await deleted()).data.map(({ name }: { name: string }) => name).toSorted()).toEqual(["one", "two"]);
    expect((await restore(one.id)).status).toBe(201);
    expect(await modelNamed("alpha")).toMatchObject({ id: pool, status: "active" });
    await remove(one.id);
    await register({ name: "three", models: ["alpha"] });
    const { id: another } = (await modelNamed("alpha")) as { id: string };
    expect(another).not.toBe(pool);
    for (const { id } of [one, two]) expect((await restore(id)).status).toBe(201);
    expect(await models()).toHaveLength(1);
    expect((await modelNamed("alpha"))?.deployments).toHaveLength(3);
    expect(await modelNamed("alpha")).toMatchObject({ id: another });
  });

  it("a model whose name a virtual model has taken stays away, and the history says why; the next synchronization has it", async () => {
    const one = await register();
    const other = await register({ name: "two", models: ["beta"] });
    const stays = await virtual("stays", [{ deployment_id: await deploymentOf("alpha") }]);
    await remove(one.id);
    const [target] = (await api.storage.deployments.ofEndpoint(other.id)).map(({ id }) => id);
    const alpha = await virtual("alpha", [{ deployment_id: target as string }]);
    const { status, body } = await restore(one.id);
    expect([status, body.model_counts]).toEqual([201, { active: 2, offline: 0, disabled: 0 }]);
    expect(body.last_sync).toMatchObject({ trigger: "restore", status: "ok", counts: { conflict: 1 } });
    const [run] = (await api.call("GET", `/endpoints/${one.id}/sync-runs`)).body.data;
    expect(run.models).toEqual([{ id: "alpha", outcome: "conflict", detail: "'alpha' is the name of a virtual model" }]);
    expect(await targetsOf(alpha)).toEqual([target]);
    expect(await targetsOf(stays)).toEqual([]);
    await api.call("DELETE", `/models/${alpha}`);
    expect((await api.call("POST", `/endpoints/${one.id}/synchronize`)).body.counts).toMatchObject({ added: 1, unchanged: 2 });
  });

  it("with its name taken meanwhile it is 409 name_conflict, and can be had when the name is free again", async () => {
    const one = await register();
    await remove(one.id);
    const { id } = await register();
    const refused = await restore(one.id);
    expect([refused.status, refused.body.error.code, refused.body.error.field]).toEqual([409, "name_conflict", "name"]);
    expect((await deleted()).data).toHaveLength(1);
    await api.call("PATCH", `/endpoints/${id}`, { name: "another" });
    expect((await restore(one.id)).status).toBe(201);
    expect((await api.call("GET", "/endpoints")).body.data.map(({ name }: { name: string }) => name)).toEqual(["another", "one"]);
  });

  it("one that can't be recorded is not done, and can be tried again", async () => {
    const one = await register();
    await remove(one.id);
    const take = refuseAudit(api.dataDir);
    try {
      expect((await restore(one.id)).status).toBe(500);
    } finally {
      take();
    }
    expect([(await deleted()).data.length, await models()]).toEqual([1, []]);
    expect((await restore(one.id)).status).toBe(201);
  });

  it("after an hour, and for what never was, it is 404; of two at once one gets it", async () => {
    const one = await register();
    const stale = await api.call("DELETE", `/endpoints/${one.id}`, undefined, { headers: { "if-match": '"7"' } });
    expect([stale.status, (await deleted()).data]).toEqual([412, []]);
    await remove(one.id);
    await clock.advance(restorableMs - 1);
    expect((await deleted()).data).toHaveLength(1);
    const both = await Promise.all([restore(one.id), restore(one.id)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual([201, 404]);
    await remove(one.id);
    await clock.advance(restorableMs);
    expect((await deleted()).data).toEqual([]);
    const late = await restore(one.id);
    expect([late.status, late.body.error.code]).toEqual([404, "not_found"]);
    expect((await restore("ep_unknown")).status).toBe(404);
    expect(await models()).toEqual([]);
  });
});
