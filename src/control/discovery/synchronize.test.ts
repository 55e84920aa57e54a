// Synchronisation against a real provider and a real database: what is written, what is left alone, what is reported.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../../../test/support/database.ts";
import { endpointRow } from "../../../test/support/endpoint-row.ts";
import { createFakeClock, type FakeClock } from "../../../test/support/fake-clock.ts";
import { type Provider, startProvider } from "../../../test/support/provider.ts";
import { Cipher } from "../../core/cipher.ts";
import type { Logger } from "../../core/logger.ts";
import type { EndpointRow } from "../../storage/ports/endpoints.ts";
import type { Storage } from "../../storage/ports/storage.ts";
import { newModelRow } from "../new-model-row.ts";
import { applySelection } from "./aliases.ts";
import { applyListing } from "./apply-listing.ts";
import { fetchListing } from "./fetch-listing.ts";
import { credentialContext } from "./list-target.ts";
import { modelIdOfName } from "./model-of-name.ts";
import type { SyncRunView } from "./sync-run.ts";
import { createSynchronizer, type SynchronizeOptions, type Synchronizer } from "./synchronize.ts";

const canary = "sk-provider-canary";
const cipher = new Cipher("a secret key for tests, 32 characters");
const anyPath = () => true;

describe.each(["sqlite", "postgres"] as const)("synchronisation on %s", (engine) => {
  let provider: Provider;
  let database: TestDatabase;
  let storage: Storage;
  let clock: FakeClock;
  let synchronizer: Synchronizer;
  let published = 0;
  const lines: string[] = [];
  const write = (fields: object, message: string) => lines.push(JSON.stringify({ ...fields, message }));
  const log: Logger = { debug: write, info: write, warn: write, error: write };

  beforeAll(async () => {
    provider = await startProvider();
    database = await testDatabase(engine);
    storage = database.storage;
  });
  beforeEach(() => {
    clock = createFakeClock();
    const onChanged = async () => void published++;
    synchronizer = createSynchronizer({ storage, cipher, clock, log, onChanged, listOptions: { timeoutMs: 5000 } });
    published = 0;
    provider.reset();
    provider.models = ["m1", "m2", "m3"];
  });
  afterEach(async () => {
    for (const { id } of await storage.endpoints.all()) await storage.endpoints.delete(id);
    await storage.models.deleteUnused();
    for (const { id } of await storage.models.all()) await storage.models.delete(id);
    expect(lines.join("\n")).not.toContain(canary);
    lines.length = 0;
  });
  afterAll(async () => {
    await provider.close();
    await database.remove();
  });

  async function addEndpoint(columns: Partial<EndpointRow> = {}): Promise<EndpointRow> {
    const row = endpointRow({ url: `${provider.url}/v1`, ...columns });
    await storage.endpoints.insert(row);
    return row;
  }

  const sync = ({ id }: EndpointRow, options: Partial<SynchronizeOptions> = {}) =>
    synchronizer.synchronize(id, { trigger: "manual", ...options });

  /** Upstream id → "public name, status". */
  async function deployments({ id }: EndpointRow): Promise<Record<string, string>> {
    const nameById = new Map((await storage.models.all()).map((model) => [model.id, model.name]));
    const rows = await storage.deployments.ofEndpoint(id);
    return Object.fromEntries(
      rows.map((row) => [row.upstream_model, `${nameById.get(row.model_id ?? "") ?? "removed"}, ${row.status}`]),
    );
  }

  async function history({ id }: EndpointRow) {
    return (await storage.syncRuns.pageOfEndpoint(id, { limit: 100 })).rows;
  }

  async function expectCountsMatch(endpoint: EndpointRow, run: SyncRunView): Promise<void> {
    for (const [outcome, count] of Object.entries(run.counts)) {
      expect(run.models.filter((model) => model.outcome === outcome)).toHaveLength(count);
    }
    const row = (await history(endpoint)).find(({ id }) => id === run.id);
    expect(JSON.parse(row?.counts ?? "null")).toEqual(run.counts);
  }

  test("the first run adds what the provider lists, with the stored credential, and keeps a record", async () => {
    const endpoint = endpointRow({ url: provider.url });
    const ciphertext = cipher.encrypt(canary, credentialContext(endpoint.id));
    await addEndpoint({ ...endpoint, api_key_ciphertext: ciphertext, headers: '{"x-team":"research"}' });
    const version = await storage.meta.configVersion();

    const run = await sync(endpoint, { trigger: "create" });

    expect(run).toMatchObject({ trigger: "create", status: "ok", stage: "done", error: null, counts: { added: 3 } });
    expect(run.started_at).toBe("2025-01-01T00:00:00.000Z");
    expect(await deployments(endpoint)).toEqual({ m1: "m1, active", m2: "m2, active", m3: "m3, active" });
    expect(provider.take(anyPath).headers).toMatchObject({ authorization: `Bearer ${canary}`, "x-team": "research" });
    expect((await storage.endpoints.get(endpoint.id))?.base_url).toBe(`${provider.url}/v1`);
    expect(await storage.meta.configVersion()).toBe(version + 1);
    expect(published).toBe(1);
    expect(await history(endpoint)).toMatchObject([{ id: run.id, trigger: "create", status: "ok", stage: "done" }]);
    expect(JSON.stringify([run, await history(endpoint)])).not.toContain(canary);
  });

  test("a run that finds nothing new changes nothing but the history", async () => {
    const endpoint = await addEndpoint();
    await sync(endpoint);
    const version = await storage.meta.configVersion();
    const run = await sync(endpoint);
    expect(run).toMatchObject({ status: "ok", counts: { added: 0, unchanged: 3 } });
    expect(await storage.meta.configVersion()).toBe(version);
    expect(published).toBe(1);
    expect(await history(endpoint)).toHaveLength(2);
  });

  test("a dropped model goes offline with reason and time, keeps its row, and comes back", async () => {
    const endpoint = await addEndpoint();
    await sync(endpoint);
    const before = (await storage.deployments.ofEndpoint(endpoint.id)).find((row) => row.upstream_model === "m3");
    provider.models = ["m1", "m2"];
    await clock.advance(60_000);
    expect(await sync(endpoint)).toMatchObject({ status: "ok", counts: { offline: 1, unchanged: 2 } });
    expect(await storage.deployments.get(before?.id ?? "")).toMatchObject({
      model_id: before?.model_id,
      status: "offline",
      reason: "not in the provider's list",
      since: clock.nowMs(),
    });
    provider.models = ["m1", "m2", "m3"];
    expect(await sync(endpoint)).toMatchObject({ counts: { returned: 1 } });
    expect(await storage.deployments.get(before?.id ?? "")).toMatchObject({ status: "active", reason: null });
  });

  test("a provider's failure changes no model and is recorded with its stage", async () => {
    const endpoint = await addEndpoint();
    await sync(endpoint);
    const before = await storage.deployments.ofEndpoint(endpoint.id);
    const version = await storage.meta.configVersion();

    provider.next({ kind: "answer", status: 500, body: "oops" }, { match: anyPath });
    expect(await sync(endpoint)).toMatchObject({
      status: "failed",
      stage: "http",
      error: expect.stringContaining("500"),
      models: [],
    });
    provider.next({ kind: "answer", status: 401, body: "" }, { match: anyPath });
    expect(await sync(endpoint)).toMatchObject({ status: "failed", stage: "auth" });
    provider.next({ kind: "answer", body: "<html>" }, { match: anyPath, times: 2 });
    expect(await sync(endpoint)).toMatchObject({ status: "failed", stage: "parse" });
    provider.models = [];
    expect(await sync(endpoint)).toMatchObject({
      status: "guarded",
      stage: "empty",
      error: expect.stringContaining("confirm=true"),
    });
    await provider.stop();
    expect(await sync(endpoint)).toMatchObject({ status: "failed", stage: "connect" });
    await provider.start();

    expect(await storage.deployments.ofEndpoint(endpoint.id)).toEqual(before);
    expect(await storage.meta.configVersion()).toBe(version);
    expect((await history(endpoint)).map(({ status }) => status).sort()).toEqual([
      "failed",
      "failed",
      "failed",
      "failed",
      "guarded",
      "ok",
    ]);
  });

  test("a credential that can't be decrypted is a failed run, and the provider is not called", async () => {
    const other = new Cipher("another secret key for tests, 32 chars");
    const id = endpointRow().id;
    const endpoint = await addEndpoint({ id, api_key_ciphertext: other.encrypt(canary, credentialContext(id)) });
    expect(await sync(endpoint)).toMatchObject({ status: "failed", stage: "auth", error: expect.stringContaining("secret key") });
    expect(provider.requests).toHaveLength(0);
  });

  test("a great loss is guarded twice and believed the third time; confirming believes it at once", async () => {
    provider.models = ["m1", "m2", "m3", "m4", "m5"];
    const waiting = await addEndpoint();
    const confirming = await addEndpoint();
    await sync(waiting);
    await sync(confirming);
    provider.models = ["m1"];
    expect(await sync(waiting)).toMatchObject({
      status: "guarded",
      error: expect.stringContaining("(4)"),
      counts: { offline: 0 },
    });
    expect(await sync(waiting)).toMatchObject({ status: "guarded" });
    expect(await sync(waiting)).toMatchObject({ status: "ok", counts: { offline: 4, unchanged: 1 } });
    expect(await sync(waiting)).toMatchObject({ status: "ok", counts: { offline: 0, unchanged: 5 } });
    expect(await sync(confirming)).toMatchObject({ status: "guarded" });
    expect(await sync(confirming, { confirm: true })).toMatchObject({ status: "ok", counts: { offline: 4 } });
  });

  test("the guard holds against an edit of the endpoint and forgets after a good list", async () => {
    const endpoint = await addEndpoint();
    await sync(endpoint);
    provider.models = [];
    await sync(endpoint);
    expect((await storage.endpoints.get(endpoint.id))?.guard_count).toBe(1);
    provider.models = ["m1", "m2", "m3"];
    await sync(endpoint);
    expect(await storage.endpoints.get(endpoint.id)).toMatchObject({ guard_count: 0, guard_signature: null });
  });

  test("conflicts are reported and the rest is saved; counts equal the database", async () => {
    await storage.models.insert(newModelRow("smart", "virtual", 1));
    provider.models = ["m1", "m2", "m3", "m4", "m5"];
    const endpoint = await addEndpoint({ aliases: '{"m1":"smart"}' });
    const run = await sync(endpoint);
    expect(run).toMatchObject({ status: "ok", counts: { added: 4, conflict: 1 } });
    expect(run.models).toContainEqual({ id: "m1", outcome: "conflict", detail: "'smart' is the name of a virtual model" });
    expect(Object.keys(await deployments(endpoint))).toHaveLength(4);
    await expectCountsMatch(endpoint, run);
  });

  test("a name that a virtual model takes while a list is fetched stays the virtual model's", async () => {
    const virtual = newModelRow("m2", "virtual", 1);
    provider.models = ["m1", "m2"];
    const endpoint = await addEndpoint();
    const listing = await fetchListing(endpoint, cipher);
    await storage.models.insert(virtual);
    const facts = { trigger: "manual" as const, startedAtMs: 1, finishedAtMs: 2 };
    const { run } = await storage.transaction((tx) => applyListing(tx, endpoint, listing, facts));
    expect(run.counts).toMatchObject({ added: 1, conflict: 1 });
    await expect(storage.transaction((tx) => modelIdOfName(tx, "m2", 3))).rejects.toMatchObject({ constraint: "model_name" });
    expect(await storage.models.getByName("m2")).toEqual(virtual);
    expect(await storage.deployments.ofModels([virtual.id])).toEqual([]);
  });

  test("the same name at two endpoints is one pool", async () => {
    const one = await addEndpoint();
    const two = await addEndpoint({ aliases: '{"m2":"m1","m1":"m2"}' });
    await sync(one);
    await sync(two);
    expect(await deployments(two)).toEqual({ m1: "m2, active", m2: "m1, active", m3: "m3, active" });
    expect((await storage.models.all()).map(({ name }) => name)).toEqual(["m1", "m2", "m3"]);
  });

  test("endpoints with the same models synchronise at the same time", async () => {
    provider.models = Array.from({ length: 30 }, (_, index) => `model-${index}`);
    const endpoints = await Promise.all(Array.from({ length: 6 }, () => addEndpoint()));
    const runs = await Promise.all(endpoints.map((endpoint) => sync(endpoint)));
    expect(runs.map(({ counts }) => counts.added)).toEqual([30, 30, 30, 30, 30, 30]);
    expect(await storage.models.all()).toHaveLength(30);
  });

  test("two synchronisations of one endpoint at once become one", async () => {
    const endpoint = await addEndpoint();
    const [first, second] = await Promise.all([sync(endpoint), sync(endpoint)]);
    expect(second).toBe(first);
    expect(provider.requests).toHaveLength(1);
    expect(await history(endpoint)).toHaveLength(1);
    expect((await sync(endpoint)).id).not.toBe(first.id);
  });

  test("a confirmed run does not join an unconfirmed one, it follows", async () => {
    const endpoint = await addEndpoint();
    await sync(endpoint);
    provider.models = [];
    const [plain, confirmed] = await Promise.all([sync(endpoint), sync(endpoint, { confirm: true })]);
    expect([plain.status, confirmed.status]).toEqual(["guarded", "ok"]);
    expect(confirmed.counts.offline).toBe(3);
  });

  test("a dry run says what would happen and writes nothing at all", async () => {
    const endpoint = await addEndpoint();
    const stored = await storage.endpoints.get(endpoint.id);
    const version = await storage.meta.configVersion();
    expect(await sync(endpoint, { dryRun: true })).toMatchObject({ id: "dry_run", status: "ok", counts: { added: 3 } });
    provider.models = [];
    expect(await sync(endpoint, { dryRun: true })).toMatchObject({ status: "guarded" });
    await provider.stop();
    expect(await sync(endpoint, { dryRun: true })).toMatchObject({ status: "failed", stage: "connect" });
    await provider.start();
    expect(await storage.endpoints.get(endpoint.id)).toEqual(stored);
    expect(await storage.deployments.ofEndpoint(endpoint.id)).toEqual([]);
    expect(await history(endpoint)).toEqual([]);
    expect(await storage.models.all()).toEqual([]);
    expect(await storage.meta.configVersion()).toBe(version);
    expect(published).toBe(0);
  });

  test("an endpoint that was edited during the fetch is asked again", async () => {
    const endpoint = await addEndpoint();
    let edited = false;
    provider.on(anyPath, async () => {
      if (edited) return undefined;
      edited = true;
      await storage.endpoints.update(endpoint.id, { aliases: '{"m1":"renamed"}' });
      return { kind: "answer", body: { data: [{ id: "of-the-old-provider" }] } };
    });
    expect(await sync(endpoint)).toMatchObject({ status: "ok", counts: { added: 3 } });
    expect(await deployments(endpoint)).toEqual({ m1: "renamed, active", m2: "m2, active", m3: "m3, active" });
  });

  test("an endpoint that is unknown, or deleted during the fetch, is not_found", async () => {
    await expect(synchronizer.synchronize("ep_none", { trigger: "manual" })).rejects.toMatchObject({ code: "not_found" });
    const endpoint = await addEndpoint();
    provider.on(anyPath, async () => {
      await storage.endpoints.delete(endpoint.id);
      return undefined;
    });
    await expect(sync(endpoint)).rejects.toMatchObject({ code: "not_found" });
  });

  test("a run that is given up rejects and records nothing", async () => {
    const endpoint = await addEndpoint();
    provider.next({ kind: "hang", at: "before_headers" }, { match: anyPath });
    const controller = new AbortController();
    const run = sync(endpoint, { signal: controller.signal });
    run.catch(() => {});
    await provider.waitForRequest({ match: anyPath, at: "head" });
    controller.abort(new Error("stopping"));
    await expect(run).rejects.toThrow("stopping");
    expect(await history(endpoint)).toEqual([]);
    expect(await sync(endpoint)).toMatchObject({ status: "ok" });
  });

  test("the history of a long list keeps what happened, the answer all of it", async () => {
    provider.models = Array.from({ length: 201 }, (_, index) => `model-${index}`);
    const endpoint = await addEndpoint();
    await sync(endpoint);
    provider.models.push("one-more");
    const run = await sync(endpoint);
    expect(run.models).toHaveLength(202);
    const row = (await history(endpoint)).find(({ id }) => id === run.id);
    expect(JSON.parse(row?.models ?? "")).toEqual([{ id: "one-more", outcome: "added", detail: null }]);
    await expectCountsMatch(endpoint, run);
  });

  test("a new endpoint, its first run and its models are written together, or not at all", async () => {
    const endpoint = endpointRow({ url: `${provider.url}/v1` });
    const listing = await fetchListing(endpoint, cipher);
    const create = (fail: boolean) =>
      storage.transaction(async (repositories) => {
        await repositories.endpoints.insert(endpoint);
        const options = { trigger: "create", startedAtMs: 1, finishedAtMs: 2 } as const;
        const applied = await applyListing(repositories, endpoint, listing, options);
        if (fail) throw new Error("changed my mind");
        return applied;
      });
    await expect(create(true)).rejects.toThrow("changed my mind");
    expect(await storage.models.all()).toEqual([]);
    expect(await create(false)).toMatchObject({ changed: true, run: { trigger: "create", counts: { added: 3 } } });
    expect(Object.keys(await deployments(endpoint))).toEqual(["m1", "m2", "m3"]);
  });

  describe("a change of aliases and pinned models", () => {
    /** Writes the change and applies it, as a PATCH does. */
    async function change(
      endpoint: EndpointRow,
      changes: { models?: unknown; aliases?: Record<string, string> },
    ): Promise<boolean> {
      return storage.transaction(async (repositories) => {
        const columns: Partial<EndpointRow> = { updated_at: clock.nowMs() };
        if (changes.models !== undefined) columns.models = JSON.stringify(changes.models);
        if (changes.aliases !== undefined) columns.aliases = JSON.stringify(changes.aliases);
        await repositories.endpoints.update(endpoint.id, columns);
        return applySelection(repositories, (await repositories.endpoints.get(endpoint.id)) as EndpointRow);
      });
    }

    test("renames in place, swaps included, and drops names that nobody uses", async () => {
      const endpoint = await addEndpoint();
      await sync(endpoint);
      const ids = (await storage.deployments.ofEndpoint(endpoint.id)).map(({ id }) => id);
      expect(await change(endpoint, { aliases: { m1: "m2", m2: "m1", m3: "prod" } })).toBe(true);
      expect(await deployments(endpoint)).toEqual({ m1: "m2, active", m2: "m1, active", m3: "prod, active" });
      expect((await storage.deployments.ofEndpoint(endpoint.id)).map(({ id }) => id)).toEqual(ids);
      expect((await storage.models.all()).map(({ name }) => name)).toEqual(["m1", "m2", "prod"]);
      expect(await change(endpoint, { aliases: { m1: "m2", m2: "m1", m3: "prod" } })).toBe(false);
      expect(await change(endpoint, { aliases: {} })).toBe(true);
      expect(await deployments(endpoint)).toEqual({ m1: "m1, active", m2: "m2, active", m3: "m3, active" });
    });

    test("disables what is no longer pinned and brings it back as it was last seen, without asking the provider", async () => {
      const endpoint = await addEndpoint();
      await sync(endpoint);
      provider.models = ["m1", "m2"];
      await sync(endpoint);
      const asked = provider.requests.length;
      await change(endpoint, { models: ["m1"] });
      expect(await deployments(endpoint)).toEqual({ m1: "m1, active", m2: "m2, disabled", m3: "m3, disabled" });
      await change(endpoint, { models: "all" });
      expect(await deployments(endpoint)).toEqual({ m1: "m1, active", m2: "m2, active", m3: "m3, offline" });
      expect(provider.requests).toHaveLength(asked);
      await change(endpoint, { models: ["m1"] });
      expect(await sync(endpoint)).toMatchObject({ status: "ok", counts: { offline: 0, skipped: 1 } });
    });

    test("leaves what an administrator disabled or added by hand", async () => {
      const endpoint = await addEndpoint();
      await sync(endpoint);
      const [first, second] = await storage.deployments.ofEndpoint(endpoint.id);
      await storage.deployments.update(first?.id ?? "", { status: "disabled", reason: "by hand" });
      await storage.deployments.update(second?.id ?? "", { source: "static" });
      await change(endpoint, { models: [] });
      await change(endpoint, { models: "all" });
      expect(await deployments(endpoint)).toEqual({ m1: "m1, disabled", m2: "m2, active", m3: "m3, active" });
    });

    test("is refused with all conflicts at once, and changes nothing", async () => {
      await storage.models.insert(newModelRow("smart", "virtual", 1));
      const endpoint = await addEndpoint();
      await sync(endpoint);
      const refused = change(endpoint, { aliases: { m1: "m2", m3: "smart", x: "same", y: "same" } });
      await expect(refused).rejects.toMatchObject({ code: "alias_conflict", status: 409 });
      const { options } = await refused.catch((error) => error);
      expect(options.conflicts.map(({ model }: { model: string }) => model).sort()).toEqual(["m1", "m3", "x", "y"]);
      expect(await deployments(endpoint)).toEqual({ m1: "m1, active", m2: "m2, active", m3: "m3, active" });
      expect((await storage.endpoints.get(endpoint.id))?.aliases).toBe("{}");
    });
  });
});
