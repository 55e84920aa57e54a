// What the repositories of the configuration do, for every engine.
import { describe, expect, test } from "vitest";
import { HeadgateError } from "../core/errors.ts";
import type { DeploymentRow, ModelRow } from "./ports/models.ts";
import { allPages, deploymentRow, endpointRow, keyRow, modelRow, syncRunRow, violation } from "./rows.contract.ts";
import type { ContractDatabase } from "./storage.contract.ts";

export function configurationContract(database: ContractDatabase): void {
  describe("endpoints", () => {
    test("come back as they went in", async () => {
      const { endpoints } = database.storage;
      const row = endpointRow({
        description: 'Ünï "quoted" \\ 日本 🎈',
        base_url: "https://provider.test/openai",
        api_key_ciphertext: "k1:abc",
        auth_header_name: "x-key",
        auth_header_prefix: "",
        guard_signature: "a,b",
        guard_count: 2,
        probe: '{"kind":"models"}',
        groups: '["team"]',
        manifest_id: "mft_1",
        manifest_key: "entry",
        sync_interval_ms: Number.MAX_SAFE_INTEGER,
      });
      await endpoints.insert(row);
      expect(await endpoints.get(row.id)).toEqual(row);
      expect(await endpoints.getByName(row.name)).toEqual(row);
      expect(await endpoints.get("ep_none")).toBeNull();
      expect(await endpoints.getByName("none")).toBeNull();
    });

    test("a name is taken once, and a refused row leaves the others alone", async () => {
      const { endpoints } = database.storage;
      const [first, second] = [endpointRow(), endpointRow()];
      await endpoints.insert(first);
      await endpoints.insert(second);
      expect(await violation(endpoints.insert(endpointRow({ name: first.name })))).toBe("endpoint_name");
      expect(await violation(endpoints.update(second.id, { name: first.name }))).toBe("endpoint_name");
      expect(await endpoints.get(second.id)).toEqual(second);
    });

    test("an update with a stale version changes nothing", async () => {
      const { endpoints } = database.storage;
      const row = endpointRow();
      await endpoints.insert(row);
      expect(await endpoints.update(row.id, { description: "one", updated_at: 5 }, 1)).toBe(true);
      expect(await endpoints.update(row.id, { description: "two" }, 1)).toBe(false);
      expect(await endpoints.update("ep_none", { description: "two" })).toBe(false);
      expect(await endpoints.get(row.id)).toEqual({ ...row, description: "one", updated_at: 5, version: 2 });
      expect(await endpoints.update(row.id, { description: null })).toBe(true);
      expect(await endpoints.get(row.id)).toMatchObject({ description: null, version: 3 });
    });

    test("discovery's columns change without a new version", async () => {
      const { endpoints } = database.storage;
      const row = endpointRow();
      await endpoints.insert(row);
      const learned = { base_url: "https://provider.test/v1beta", guard_signature: "gone: a", guard_count: 1 };
      await endpoints.updateDiscovery(row.id, learned);
      expect(await endpoints.get(row.id)).toEqual({ ...row, ...learned });
    });

    test("are paged by name, in byte order, each once", async () => {
      const { endpoints } = database.storage;
      const names = ["Zeta", "alpha", "Beta", "_under", "ünder", "a-b", "aB", "a b"].map((name) => `page ${name}`);
      for (const name of names) await endpoints.insert(endpointRow({ name }));
      const pages = await allPages((request) => endpoints.page(request), 3);
      for (const page of pages.slice(0, -1)) expect(page).toHaveLength(3);
      const listed = pages.flat().map((row) => row.name);
      const inByteOrder = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
      expect(listed.filter((name) => name.startsWith("page "))).toEqual(names.sort(inByteOrder));
      expect((await endpoints.all()).map((row) => row.name)).toEqual(listed);
    });

    test("an unreadable cursor is the caller's mistake", async () => {
      const { endpoints, keys } = database.storage;
      const ofAnotherList = Buffer.from("[1]").toString("base64url");
      for (const cursor of ["", "nonsense", "e30", ofAnotherList]) {
        for (const page of [endpoints.page({ limit: 1, cursor }), keys.page({ limit: 1, cursor })]) {
          const error = await page.catch((thrown: unknown) => thrown);
          expect(error).toBeInstanceOf(HeadgateError);
          expect(error).toMatchObject({ code: "invalid_field", options: { field: "cursor" } });
        }
      }
    });

    test("are deleted with their deployments and sync runs", async () => {
      const { endpoints, deployments, syncRuns } = database.storage;
      const row = endpointRow();
      await endpoints.insert(row);
      const deployment = deploymentRow({ endpoint_id: row.id });
      await deployments.insert(deployment);
      await syncRuns.insert(syncRunRow({ endpoint_id: row.id }));
      expect(await endpoints.delete(row.id)).toBe(true);
      expect(await endpoints.delete(row.id)).toBe(false);
      expect(await deployments.get(deployment.id)).toBeNull();
      expect((await syncRuns.pageOfEndpoint(row.id, { limit: 10 })).rows).toEqual([]);
    });
  });

  describe("models and deployments", () => {
    async function endpointWithModels(count: number) {
      const { endpoints, models } = database.storage;
      const endpoint = endpointRow();
      await endpoints.insert(endpoint);
      const rows = Array.from({ length: count }, () => modelRow());
      for (const row of rows) await models.insert(row);
      return { endpoint, models: rows as [ModelRow, ...ModelRow[]] };
    }

    test("models are read by id, by name and in pages, and named once", async () => {
      const { models } = database.storage;
      const rows = ["c", "a", "b"].map((name) => modelRow({ name: `aaa ${name}` }));
      for (const row of rows) await models.insert(row);
      const [first] = rows as [ModelRow];
      expect(await models.get(first.id)).toEqual(first);
      expect(await models.getByName("aaa c")).toEqual(first);
      expect(await models.get("mdl_none")).toBeNull();
      expect(await models.getByName("aaa d")).toBeNull();
      expect(await violation(models.insert(modelRow({ name: "aaa c" })))).toBe("model_name");
      const pages = await allPages((request) => models.page(request), 2);
      expect(pages.flat().map((row) => row.name)).toEqual((await models.all()).map((row) => row.name));
      expect(pages[0]?.map((row) => row.name)).toEqual(["aaa a", "aaa b"]);
      expect(await models.delete(first.id)).toBe(true);
      expect(await models.delete(first.id)).toBe(false);
    });

    test("an endpoint has an upstream model once, removed or not, and a public name once", async () => {
      const { deployments } = database.storage;
      const { endpoint, models } = await endpointWithModels(1);
      const [model] = models;
      const first = deploymentRow({ endpoint_id: endpoint.id, model_id: model.id, upstream_model: "gpt" });
      await deployments.insert(first);
      const sameUpstream = deploymentRow({ endpoint_id: endpoint.id, upstream_model: "gpt" });
      expect(await violation(deployments.insert(sameUpstream))).toBe("deployment_upstream_model");
      const sameModel = deploymentRow({ endpoint_id: endpoint.id, model_id: model.id });
      expect(await violation(deployments.insert(sameModel))).toBe("deployment_model");

      await deployments.update(first.id, { removed_at: 7, model_id: null });
      expect(await violation(deployments.insert(sameUpstream))).toBe("deployment_upstream_model");
      await deployments.insert(sameModel);
      expect(await deployments.get(first.id)).toEqual({ ...first, removed_at: 7, model_id: null });
    });

    test("removed deployments show only with their endpoint", async () => {
      const { deployments } = database.storage;
      const { endpoint, models } = await endpointWithModels(2);
      const [kept, removed] = models.map((model, index) =>
        deploymentRow({
          endpoint_id: endpoint.id,
          model_id: model.id,
          upstream_model: `m${index}`,
          removed_at: index === 0 ? null : 5,
        }),
      ) as [DeploymentRow, DeploymentRow];
      await deployments.insert(removed);
      await deployments.insert(kept);
      expect(await deployments.ofEndpoint(endpoint.id)).toEqual([kept, removed]);
      expect(await deployments.ofModels(models.map((model) => model.id))).toEqual([kept]);
      expect(await deployments.ofModels([])).toEqual([]);
      expect((await deployments.all()).filter((row) => row.endpoint_id === endpoint.id)).toEqual([kept]);
      await deployments.delete(kept.id);
      expect(await deployments.get(kept.id)).toBeNull();
    });

    test("pool models that nothing belongs to are cleared away, virtual ones stay", async () => {
      const { storage } = database;
      const { endpoint, models } = await endpointWithModels(2);
      const [used, unused] = models as [ModelRow, ModelRow];
      const virtual = modelRow({ kind: "virtual" });
      await storage.models.insert(virtual);
      await storage.deployments.insert(deploymentRow({ endpoint_id: endpoint.id, model_id: used.id }));
      await storage.models.deleteUnused();
      expect(await storage.models.get(used.id)).toEqual(used);
      expect(await storage.models.get(unused.id)).toBeNull();
      expect(await storage.models.get(virtual.id)).toEqual(virtual);
    });

    test("a model's settings change by column, and not over a version that was not read", async () => {
      const { models } = database.storage;
      const row = modelRow({ kind: "virtual", strategy: "priority", max_attempts: 3, hedge: "{}", timeouts: '{"idleMs":5}' });
      await models.insert(row);
      expect(await models.get(row.id)).toEqual(row);
      expect(await models.update(row.id, { strategy: null, disabled_at: 7 }, 1)).toBe(true);
      expect(await models.update(row.id, { strategy: "weighted" }, 1)).toBe(false);
      expect(await models.update("mdl_none", { strategy: "weighted" })).toBe(false);
      expect(await models.get(row.id)).toEqual({ ...row, strategy: null, disabled_at: 7, version: 2 });
      const taken = modelRow();
      await models.insert(taken);
      expect(await violation(models.update(row.id, { name: taken.name }))).toBe("model_name");
    });

    test("targets keep their order, are replaced whole, and go with their model or deployment", async () => {
      const { deployments, endpoints, models, modelTargets } = database.storage;
      const { endpoint, models: pools } = await endpointWithModels(4);
      const made = pools.map((pool, index) =>
        deploymentRow({ endpoint_id: endpoint.id, model_id: pool.id, upstream_model: `t${index}` }),
      ) as [DeploymentRow, DeploymentRow, DeploymentRow, DeploymentRow];
      for (const row of made) await deployments.insert(row);
      const [a, b, c, d] = made;
      const [one, two] = [modelRow({ kind: "virtual" }), modelRow({ kind: "virtual" })];
      for (const row of [one, two]) await models.insert(row);
      const target = (row: DeploymentRow, weight: number | null = null) => ({ deployment_id: row.id, weight, priority: null });
      const names = async (id: string) => (await modelTargets.ofModels([id])).map(({ deployment_id }) => deployment_id);

      await modelTargets.replace(one.id, [target(d), target(a, 0), target(c)]);
      await modelTargets.replace(two.id, [target(a), target(b)]);
      expect(await modelTargets.ofModels([one.id])).toEqual([
        { model_id: one.id, ...target(d), position: 0 },
        { model_id: one.id, ...target(a, 0), position: 1 },
        { model_id: one.id, ...target(c), position: 2 },
      ]);
      expect(await modelTargets.ofModels([])).toEqual([]);
      expect((await modelTargets.all()).filter(({ model_id }) => [one.id, two.id].includes(model_id))).toHaveLength(5);
      expect(await deployments.targetsOf([one.id, two.id])).toEqual([a, b, c, d]);
      expect(await deployments.targetsOf([])).toEqual([]);

      await modelTargets.replace(one.id, [target(c), target(d), target(a)]);
      expect(await names(one.id)).toEqual([c.id, d.id, a.id]);
      await modelTargets.remove(a.id, two.id);
      expect([await names(one.id), await names(two.id)]).toEqual([[c.id, d.id, a.id], [b.id]]);
      await modelTargets.remove(a.id);
      expect(await names(one.id)).toEqual([c.id, d.id]);

      await deployments.update(c.id, { removed_at: 3, model_id: null });
      expect(await deployments.targetsOf([one.id])).toEqual([d]);
      await deployments.delete(c.id);
      expect(await names(one.id)).toEqual([d.id]);
      expect(await models.delete(two.id)).toBe(true);
      expect(await names(two.id)).toEqual([]);
      expect(await deployments.get(b.id)).toEqual(b);
      await endpoints.delete(endpoint.id);
      expect(await names(one.id)).toEqual([]);
      expect(await models.get(one.id)).toEqual(one);
    });

    test("a refused insert inside a transaction takes the whole transaction with it", async () => {
      const { storage } = database;
      const taken = modelRow();
      await storage.models.insert(taken);
      const fresh = modelRow();
      const work = storage.transaction(async (inside) => {
        await inside.models.insert(fresh);
        await inside.models.insert(modelRow({ name: taken.name }));
      });
      expect(await violation(work)).toBe("model_name");
      expect(await storage.models.get(fresh.id)).toBeNull();
    });
  });

  describe("sync runs", () => {
    test("are paged newest first, and the latest of each endpoint is found", async () => {
      const { endpoints, syncRuns } = database.storage;
      const [first, second, without] = [endpointRow(), endpointRow(), endpointRow()];
      for (const row of [first, second, without]) await endpoints.insert(row);
      const runs = [30, 10, 20, 20, 40].map((started_at) => syncRunRow({ endpoint_id: first.id, started_at }));
      for (const run of runs) await syncRuns.insert(run);
      const other = syncRunRow({ endpoint_id: second.id, error: "boom", status: "failed" });
      await syncRuns.insert(other);

      const newestFirst = [...runs].sort((a, b) => b.started_at - a.started_at || (a.id < b.id ? 1 : -1));
      expect((await allPages((request) => syncRuns.pageOfEndpoint(first.id, request), 2)).map((page) => page.length)).toEqual([
        2, 2, 1,
      ]);
      expect((await allPages((request) => syncRuns.pageOfEndpoint(first.id, request), 2)).flat()).toEqual(newestFirst);
      const latest = await syncRuns.latest([first.id, second.id, without.id]);
      expect(latest).toEqual(
        new Map([
          [first.id, newestFirst[0]],
          [second.id, other],
        ]),
      );
      expect(await syncRuns.latest([])).toEqual(new Map());

      expect(await syncRuns.deleteBefore(30)).toBe(3);
      expect((await syncRuns.pageOfEndpoint(first.id, { limit: 9 })).rows).toEqual(newestFirst.slice(0, 2));
    });
  });

  describe("keys", () => {
    test("are paged newest first, each once", async () => {
      const { keys } = database.storage;
      const rows = [5, 3, 4, 4, 4].map((age) => keyRow({ created_at: 1_800_000_000_000 + age }));
      for (const row of rows) await keys.insert(row);
      const newestFirst = [...rows].sort((a, b) => b.created_at - a.created_at || (a.id < b.id ? 1 : -1));
      const listed = (await allPages((request) => keys.page(request), 2)).flat();
      expect(listed.slice(0, 5)).toEqual(newestFirst);
      expect(new Set(listed.map((row) => row.id)).size).toBe(listed.length);
      expect((await keys.all()).map((row) => row.id).sort()).toEqual(listed.map((row) => row.id).sort());
    });

    test("a deleted key is gone everywhere but in names", async () => {
      const { keys } = database.storage;
      const row = keyRow({ name: "was here" });
      await keys.insert(row);
      expect(await keys.get(row.id)).toEqual(row);
      expect(await keys.update(row.id, { deleted_at: 9 }, 1)).toBe(true);
      expect(await keys.get(row.id)).toBeNull();
      expect((await keys.all()).map((key) => key.id)).not.toContain(row.id);
      expect((await allPages((request) => keys.page(request), 50)).flat().map((key) => key.id)).not.toContain(row.id);
      expect(await keys.update(row.id, { name: "risen" })).toBe(false);
      expect(await keys.names([row.id, "key_none"])).toEqual(new Map([[row.id, "was here"]]));
      expect(await keys.names([])).toEqual(new Map());
    });

    test("a digest belongs to one key, and updates keep versions apart", async () => {
      const { keys } = database.storage;
      const row = keyRow();
      await keys.insert(row);
      expect(await violation(keys.insert(keyRow({ digest: row.digest })))).toBe("key_digest");
      expect(await keys.update(row.id, { models: '["gpt-*"]', expires_at: 12 }, 1)).toBe(true);
      expect(await keys.update(row.id, { models: null }, 1)).toBe(false);
      expect(await keys.get(row.id)).toEqual({ ...row, models: '["gpt-*"]', expires_at: 12, version: 2 });
    });
  });
}
