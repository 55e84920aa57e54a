// What a manifest makes of endpoints, deployments and models, in a real database.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type TestDatabase, testDatabase } from "../../../test/support/database.ts";
import { endpointRow } from "../../../test/support/endpoint-row.ts";
import { manifestEntry } from "../../../test/support/manifest-server.ts";
import { Cipher } from "../../core/cipher.ts";
import { Secret } from "../../core/secret.ts";
import { openStorage } from "../../storage/open-storage.ts";
import type { Storage } from "../../storage/ports/storage.ts";
import { newModelRow } from "../new-model-row.ts";
import { type AppliedManifest, applyManifest } from "./apply-manifest.ts";
import { endpointIdOf } from "./entry-ids.ts";
import { ManifestFailure } from "./manifest-failure.ts";
import { manifestViews } from "./manifest-views.ts";
import { newManifestRow } from "./new-manifest-row.ts";
import { removeManifest } from "./remove-manifest.ts";

const cipher = new Cipher("a secret key of 32 characters or more");
const nowMs = 1_750_000_000_000;

let database: TestDatabase;
let storage: Storage;
let manifestId: string;
let tokens: Map<string, Secret>;

beforeEach(async () => {
  database = await testDatabase("sqlite");
  storage = database.storage;
  const row = newManifestRow(
    { name: "metis", url: "http://status.example/status.json", origin: "environment", interval_ms: 30_000, allowed_hosts: "[]" },
    nowMs,
  );
  manifestId = row.id;
  await storage.manifests.insert(row);
  tokens = new Map([["openai-production", new Secret("sk-one")]]);
});
afterEach(() => database.remove());

/** Applies the manifest as a fetch that succeeded would. */
async function apply(manifest: object, at = nowMs, on = storage): Promise<AppliedManifest> {
  const fetched = { copy: { text: JSON.stringify(manifest), etag: null, lastModified: null } };
  const applied = await applyManifest(on, manifestId, { cipher, tokens, nowMs: at, fetched });
  if (applied === null) throw new Error("the manifest is gone");
  return applied;
}

const version = () => storage.meta.configVersion();

/** "endpoint's key model status reason", of all deployments. */
async function deployments(): Promise<string[]> {
  const keys = new Map((await storage.endpoints.all()).map((row) => [row.id, row.manifest_key]));
  const rows = await storage.deployments.all();
  return rows.map((row) => `${keys.get(row.endpoint_id)} ${row.upstream_model} ${row.status} ${row.reason ?? "-"}`).sort();
}

const modelNames = async () => (await storage.models.all()).map(({ name }) => name);
const endpointOf = async (key: string) => {
  const row = await storage.endpoints.get(endpointIdOf(manifestId, key));
  if (row === null) throw new Error(`there is no endpoint for ${key}`);
  return row;
};

/** A virtual model with the given deployments as targets. */
async function virtualModel(name: string, deploymentIds: readonly string[]): Promise<string> {
  const model = newModelRow(name, "virtual", nowMs);
  await storage.models.insert(model);
  await storage.modelTargets.replace(
    model.id,
    deploymentIds.map((deployment_id) => ({ deployment_id, weight: null, priority: null })),
  );
  return model.id;
}

describe("a manifest that is applied", () => {
  it("makes an endpoint of each entry, and deployments of its experts, which share pools by name", async () => {
    const applied = await apply({
      one: manifestEntry({ weight: 3, headers: { "X-A": "b" }, query: { v: "1" }, groups: ["physics"] }),
      two: manifestEntry({ experts: ["gpt-4"], url: "https://x.openai.azure.com/openai/deployments/g" }),
    });
    expect(applied).toMatchObject({ changed: true, moved: [] });
    expect(applied.entries).toEqual([
      { key: "one", endpoint_id: "openai-production", status: "live", models: ["gpt-4", "gpt-4o-mini"], error: null },
      { key: "two", endpoint_id: "openai-production", status: "live", models: ["gpt-4"], error: null },
    ]);
    expect(await deployments()).toEqual(["one gpt-4 active -", "one gpt-4o-mini active -", "two gpt-4 active -"]);
    expect(await modelNames()).toEqual(["gpt-4", "gpt-4o-mini"]);
    expect(await endpointOf("one")).toMatchObject({
      name: "metis.one",
      description: "OpenAI's GPT-4 models",
      url: "https://api.openai.com/v1",
      base_url: null,
      dialect: "openai",
      headers: '{"x-a":"b"}',
      query: '{"v":"1"}',
      models: '["gpt-4","gpt-4o-mini"]',
      weight: 3,
      groups: '["physics"]',
      sync_interval_ms: 0,
      origin: "manifest",
      manifest_id: manifestId,
      manifest_key: "one",
    });
    const two = await endpointOf("two");
    expect(two.dialect).toBe("azure");
    expect(cipher.decrypt(two.api_key_ciphertext ?? "", `endpoint:${two.id}:api_key`)).toBe("sk-one");
    expect(await storage.manifests.get(manifestId)).toMatchObject({ last_success_at: nowMs, last_error: null });
  });

  it("changes nothing the second time, keys included", async () => {
    const manifest = { one: manifestEntry(), two: manifestEntry({ status: "Offline" }) };
    await apply(manifest);
    const before = [await storage.endpoints.all(), await storage.deployments.all(), await storage.models.all(), await version()];
    expect((await apply(manifest, nowMs + 1000)).changed).toBe(false);
    // order and unknown fields are nobody's concern
    const same = { two: manifestEntry({ status: "offline", etc: 1 }), one: manifestEntry({ experts: ["gpt-4o-mini", "gpt-4"] }) };
    expect((await apply(same, nowMs + 2000)).changed).toBe(true); // the order of entries is shown
    expect((await apply(same, nowMs + 3000)).changed).toBe(false);
    expect([await storage.endpoints.all(), await storage.deployments.all(), await storage.models.all()]).toEqual(
      before.slice(0, 3),
    );
    expect(await version()).toBe((before[3] as number) + 1);
    expect((await storage.manifests.get(manifestId))?.last_success_at).toBe(nowMs + 3000);
  });

  it("raises the configuration's version once for each change", async () => {
    const start = await version();
    await apply({ one: manifestEntry(), two: manifestEntry() });
    expect(await version()).toBe(start + 1);
    await apply({ one: manifestEntry({ status: "Maintenance" }), two: manifestEntry({ url: "https://elsewhere.example/v1" }) });
    expect(await version()).toBe(start + 2);
    await apply({ one: manifestEntry({ status: "Maintenance", description: "New words" }), two: manifestEntry() });
    expect(await version()).toBe(start + 3);
  });

  it("shows a first copy even when there is nothing in it", async () => {
    const start = await version();
    expect((await apply({})).changed).toBe(true);
    expect(await version()).toBe(start + 1);
  });

  it("takes deployments offline for what the manifest says, and brings them back", async () => {
    const saying = (one: string, two: string) => ({
      one: manifestEntry({ status: one, experts: ["m"] }),
      two: manifestEntry({ status: two, experts: ["m"] }),
    });
    await apply(saying("Live", "maintenance"));
    expect(await deployments()).toEqual(["one m active -", "two m offline in maintenance"]);
    const applied = await apply(saying("OFFLINE", "queued"));
    expect(await deployments()).toEqual(["one m offline its manifest says Offline", "two m offline its manifest says Offline"]);
    expect(applied.entries[1]?.error).toContain('"queued"');
    const endpoints = await storage.endpoints.all();
    await apply(saying("Live", "Live"));
    expect(await deployments()).toEqual(["one m active -", "two m active -"]);
    // what was learned about an endpoint still holds: its row is as it was
    expect(await storage.endpoints.all()).toEqual(endpoints);
  });

  it("lets nothing go to an endpoint without its token, until there is one", async () => {
    tokens.clear();
    const manifest = { one: manifestEntry({ experts: ["m"] }) };
    const without = await apply(manifest);
    expect(await deployments()).toEqual(["one m offline no token for its endpoint_id"]);
    expect(without.entries[0]).toMatchObject({
      status: "live",
      error: expect.stringContaining('no token for endpoint_id "openai-production"'),
    });
    expect((await endpointOf("one")).api_key_ciphertext).toBeNull();
    tokens.set("openai-production", new Secret("sk-two"));
    await applyManifest(storage, manifestId, { cipher, tokens, nowMs });
    expect(await deployments()).toEqual(["one m active -"]);
    const { id, api_key_ciphertext: stored } = await endpointOf("one");
    expect(cipher.decrypt(stored ?? "", `endpoint:${id}:api_key`)).toBe("sk-two");
    tokens.clear();
    await applyManifest(storage, manifestId, { cipher, tokens, nowMs });
    expect((await endpointOf("one")).api_key_ciphertext).toBeNull();
  });

  it("takes a changed key over", async () => {
    await apply({ one: manifestEntry() });
    tokens.set("openai-production", new Secret("sk-changed"));
    expect((await apply({ one: manifestEntry() })).changed).toBe(true);
    const { id, api_key_ciphertext: stored } = await endpointOf("one");
    expect(cipher.decrypt(stored ?? "", `endpoint:${id}:api_key`)).toBe("sk-changed");
  });

  it("drops a bad entry alone, and says why", async () => {
    await apply({ one: manifestEntry({ experts: ["a"] }), two: manifestEntry({ experts: ["b"] }) });
    const applied = await apply({ one: manifestEntry({ experts: ["a"], url: 5 }), two: manifestEntry({ experts: ["b"] }) });
    expect(applied.entries).toEqual([
      { key: "two", endpoint_id: "openai-production", status: "live", models: ["b"], error: null },
      { key: "one", endpoint_id: "openai-production", status: "dropped", models: [], error: "`url` must be text" },
    ]);
    expect(await deployments()).toEqual(["two b active -"]);
  });

  it("that is none changes nothing", async () => {
    await apply({ one: manifestEntry() });
    const before = [await deployments(), await storage.manifests.get(manifestId)];
    const copy = { text: "[]", etag: '"x"', lastModified: null };
    await expect(applyManifest(storage, manifestId, { cipher, tokens, nowMs, fetched: { copy } })).rejects.toBeInstanceOf(
      ManifestFailure,
    );
    expect([await deployments(), await storage.manifests.get(manifestId)]).toEqual(before);
  });

  it("tells of entries that point to another server", async () => {
    await apply({ one: manifestEntry(), two: manifestEntry() });
    const { moved } = await apply({
      one: manifestEntry({ url: "http://api.openai.com/v1" }),
      two: manifestEntry({ url: "https://api.openai.com/v2" }),
    });
    expect(moved).toEqual([{ key: "one", from: "https://api.openai.com", to: "http://api.openai.com" }]);
  });

  it("is gone when nobody has it any more", async () => {
    expect(await applyManifest(storage, "mft_none", { cipher, tokens, nowMs })).toBeNull();
  });
});

describe("an entry or expert that goes", () => {
  it("takes its deployments and the models that nobody else has along, and is the same when it comes back", async () => {
    await apply({ one: manifestEntry({ experts: ["a", "shared"] }), two: manifestEntry({ experts: ["shared"] }) });
    const before = await storage.deployments.all();
    await apply({ two: manifestEntry({ experts: ["shared"] }) });
    expect(await deployments()).toEqual(["two shared active -"]);
    expect(await modelNames()).toEqual(["shared"]);
    await apply({ one: manifestEntry({ experts: ["a", "shared"] }), two: manifestEntry({ experts: ["shared"] }) });
    expect((await storage.deployments.all()).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    await apply({ one: manifestEntry({ experts: ["shared"] }), two: manifestEntry({ experts: ["shared"] }) });
    expect(await deployments()).toEqual(["one shared active -", "two shared active -"]);
  });

  it("stays, offline and without a key, while a virtual model names its deployment", async () => {
    await apply({ one: manifestEntry({ experts: ["a", "b"] }) });
    const target = (await storage.deployments.all()).find((row) => row.upstream_model === "a")?.id ?? "";
    await virtualModel("best", [target]);
    await apply({});
    expect(await deployments()).toEqual(["one a offline no longer in its manifest"]);
    expect((await endpointOf("one")).api_key_ciphertext).toBeNull();
    expect((await apply({})).changed).toBe(false);
    await apply({ one: manifestEntry({ experts: ["a"] }) });
    expect(await deployments()).toEqual(["one a active -"]);
    expect((await endpointOf("one")).api_key_ciphertext).not.toBeNull();
    await apply({ one: manifestEntry({ experts: ["c"] }) });
    expect(await deployments()).toEqual(["one a offline no longer in its manifest", "one c active -"]);
  });
});

it("an expert that has a virtual model's name is left out, and comes when the name is free", async () => {
  await storage.endpoints.insert(endpointRow({ id: "ep_x", name: "x" }));
  const virtual = await virtualModel("a", []);
  const { entries } = await apply({ one: manifestEntry({ experts: ["a", "b"] }) });
  expect(await deployments()).toEqual(["one b active -"]);
  expect(entries[0]).toMatchObject({ models: ["b"], error: expect.stringContaining('"a"') });
  await storage.models.delete(virtual);
  await applyManifest(storage, manifestId, { cipher, tokens, nowMs });
  expect(await deployments()).toEqual(["one a active -", "one b active -"]);
});

it("what an administrator has disabled stays disabled", async () => {
  await apply({ one: manifestEntry({ experts: ["a"] }) });
  const [deployment] = await storage.deployments.all();
  await storage.deployments.update(deployment?.id ?? "", { status: "disabled", reason: "disabled by an administrator" });
  await apply({ one: manifestEntry({ experts: ["a"], status: "Maintenance" }) });
  await apply({ one: manifestEntry({ experts: ["a"] }) });
  expect(await deployments()).toEqual(["one a disabled disabled by an administrator"]);
});

it("names of endpoints are made fit, and told apart where they are taken", async () => {
  await storage.endpoints.insert(endpointRow({ name: "metis.taken" }));
  const long = "k".repeat(200);
  await apply({
    taken: manifestEntry(),
    "a/b c": manifestEntry(),
    "a b/c": manifestEntry(),
    [long]: manifestEntry(),
    [`${long}2`]: manifestEntry(),
  });
  const names = (await storage.endpoints.all()).map(({ name }) => name).filter((name) => name !== "metis.taken");
  expect(names).toHaveLength(5);
  expect(names).toEqual(expect.arrayContaining([expect.stringMatching(/^metis\.taken-[0-9a-f]{6}$/), "metis.a-b-c"]));
  for (const name of names) expect(name).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
});

describe.each(["sqlite", "postgres"] as const)("on %s", (engine) => {
  it("processes that apply at once make one of everything, and one of them says that something changed", async () => {
    const shared = await testDatabase(engine);
    const other = await openStorage(shared.location);
    try {
      const row = newManifestRow({ name: "m", url: "/m", origin: "config", interval_ms: 1000, allowed_hosts: "[]" }, nowMs);
      await other.manifests.insert(row);
      const keys = Array.from({ length: 20 }, (_, index) => `k${index}`);
      const root = Object.fromEntries(keys.map((key) => [key, manifestEntry({ experts: ["shared", `of ${key}`] })]));
      const fetched = { copy: { text: JSON.stringify(root), etag: null, lastModified: null } };
      const runs = [0, 1, 2, 3, 4, 5].map((index) =>
        applyManifest(index % 2 === 0 ? shared.storage : other, row.id, { cipher, tokens, nowMs, fetched }),
      );
      expect((await Promise.all(runs)).filter((applied) => applied?.changed)).toHaveLength(1);
      expect(await other.endpoints.all()).toHaveLength(20);
      expect(await other.deployments.all()).toHaveLength(40);
      expect(await other.models.all()).toHaveLength(21);
      // the stored copy alone, as at a start: nobody waits for anybody
      const others = new Map([["openai-production", new Secret("sk-other")]]);
      await Promise.all([shared.storage, other].map((on) => applyManifest(on, row.id, { cipher, tokens: others, nowMs })));
      expect(await other.deployments.all()).toHaveLength(40);
    } finally {
      await other.close();
      await shared.remove();
    }
  });
});

it("removing a manifest takes its endpoints along, and nobody else's", async () => {
  await storage.endpoints.insert(endpointRow({ name: "own" }));
  await apply({ one: manifestEntry(), two: manifestEntry() });
  expect(await storage.transaction((tx) => removeManifest(tx, manifestId))).toBe(true);
  expect((await storage.endpoints.all()).map(({ name }) => name)).toEqual(["own"]);
  expect(await modelNames()).toEqual([]);
  expect(await storage.transaction((tx) => removeManifest(tx, manifestId))).toBe(false);
});

describe("the data plane", () => {
  const views = async () =>
    manifestViews(await storage.manifests.all(), await storage.endpoints.all(), await storage.deployments.all());

  it("is told what callers may know of each entry, and nothing of URLs and keys", async () => {
    expect(await views()).toEqual([{ id: manifestId, name: "metis", hasLoaded: false, entries: [] }]);
    await apply({
      one: manifestEntry({ model_version: 2 }),
      two: manifestEntry({ status: "Maintenance", experts: ["m"] }),
      bad: manifestEntry({ url: "" }),
    });
    const [view] = await views();
    expect(view).toEqual({
      id: manifestId,
      name: "metis",
      hasLoaded: true,
      entries: [
        {
          endpointId: endpointIdOf(manifestId, "one"),
          model: "OpenAI GPT-4",
          description: "OpenAI's GPT-4 models",
          modelVersion: "2",
          status: "live",
          experts: ["gpt-4", "gpt-4o-mini"],
        },
        expect.objectContaining({ status: "maintenance", experts: ["m"] }),
      ],
    });
    expect(JSON.stringify(view)).not.toMatch(/openai\.com|openai-production|sk-one/);
  });

  it("does not see models that are disabled, nor an entry as live whose models can't be had", async () => {
    tokens.clear();
    await apply({ one: manifestEntry({ experts: ["a", "b"] }) });
    expect((await views())[0]?.entries).toMatchObject([{ status: "offline", experts: ["a", "b"] }]);
    const [deployment] = await storage.deployments.all();
    await storage.deployments.update(deployment?.id ?? "", { status: "disabled" });
    expect((await views())[0]?.entries[0]?.experts).toHaveLength(1);
  });
});
