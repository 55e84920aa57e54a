// Every change of endpoints, models and manifests leaves one entry in the audit log, with who, what and how; without it, no change.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AdminApiUnderTest, type Answer, startAdminApi } from "../../../../test/support/admin-api.ts";
import { type ManifestServer, manifestEntry, startManifestServer } from "../../../../test/support/manifest-server.ts";
import { type Provider, startProvider } from "../../../../test/support/provider.ts";
import { refuseAudit } from "../../../../test/support/refuse-audit.ts";
import { Cipher } from "../../../core/cipher.ts";
import { systemClock } from "../../../core/clock.ts";
import { HttpClient } from "../../../egress/http-client.ts";
import type { AuditRow } from "../../../storage/ports/audit.ts";
import { ManifestSync } from "../../manifest/manifest-sync.ts";

const canary = "sk-canary-4711";

let api: AdminApiUnderTest;
let provider: Provider;
let manifestServer: ManifestServer;
let client: HttpClient;
let manifests: ManifestSync;
/** Of an administrator with a name: the actor of the entries. */
let key: { id: string; key: string };
let endpointId: string;

beforeEach(async () => {
  provider = await startProvider({ models: ["alpha", "beta"] });
  manifestServer = await startManifestServer();
  manifestServer.serve({ one: manifestEntry({ experts: ["expert"] }) });
  client = new HttpClient({ allowPrivate: true });
  manifests = new ManifestSync({
    storage: () => api.storage,
    cipher: new Cipher("a secret key of 32 characters or more"),
    clock: systemClock,
    log: { debug() {}, info() {}, warn() {}, error() {} },
    seeds: [],
    client,
    onChanged: async () => {},
  });
  api = await startAdminApi({ manifests });
  key = (await api.call("POST", "/keys", { name: "operations", scopes: ["admin"] })).body;
  const endpoint = { name: "one", url: `${provider.url}/v1`, api_key: `${canary}-first`, headers: { "x-team": "research" } };
  endpointId = (await api.call("POST", "/endpoints", endpoint)).body.id;
});
afterEach(async () => {
  await manifests.stop();
  await api.close();
  await client.close();
  await manifestServer.close();
  await provider.close();
});

const ask = (method: string, path: string, body?: unknown): Promise<Answer> => api.call(method, path, body, { token: key.key });
const entries = async (): Promise<AuditRow[]> => (await api.storage.audit.page({}, { limit: 1000 })).rows;
const modelId = async (name: string): Promise<string> => (await api.storage.models.getByName(name))?.id as string;
const virtual = () =>
  api.call("POST", "/models", { name: "smart", targets: [{ endpoint: "one", model: "alpha" }] }).then(({ body }) => body.id);
const manifest = (body: object = {}) => ({ name: "metis", url: manifestServer.url, ...body });
const followed = () => api.call("POST", "/manifests", manifest()).then(({ body }) => body.id);

interface Change {
  /** What has to be there before; what it returns is for the path. */
  given?: () => Promise<string>;
  method: string;
  path: (given: string) => string;
  body?: () => object;
  status: number;
  action: string;
  name: string;
  before: object | null;
  after: object | null;
  /** Fields that the entry has, where only those that differ may be there. */
  only?: string[];
}

const changes: Change[] = [
  {
    method: "POST",
    path: () => "/endpoints",
    body: () => ({ name: "two", url: `${provider.url}/v1`, api_key: canary, aliases: { alpha: "a2", beta: "b2" } }),
    status: 201,
    action: "endpoint.create",
    name: "two",
    before: null,
    after: { name: "two", has_api_key: true, aliases: { alpha: "a2", beta: "b2" }, origin: "admin", model_counts: { active: 2 } },
  },
  {
    method: "PATCH",
    path: () => `/endpoints/${endpointId}`,
    body: () => ({ weight: 5, description: "ours", sync: false }),
    status: 200,
    action: "endpoint.update",
    name: "one",
    before: { weight: 1, description: null },
    after: { weight: 5, description: "ours" },
    only: ["description", "weight"],
  },
  {
    method: "PATCH",
    path: () => `/endpoints/${endpointId}`,
    body: () => ({ api_key: `${canary}-second` }),
    status: 200,
    action: "endpoint.update",
    name: "one",
    before: { api_key: "[secret]" },
    after: { api_key: "[secret]" },
    only: ["api_key"],
  },
  {
    method: "PATCH",
    path: () => `/endpoints/${endpointId}`,
    body: () => ({ headers: { "x-api-token": canary, "x-team": "chemistry" }, sync: false }),
    status: 200,
    action: "endpoint.update",
    name: "one",
    before: { headers: { "x-team": "research" } },
    after: { headers: { "x-team": "chemistry", "x-api-token": "[secret]" } },
    only: ["headers"],
  },
  {
    method: "DELETE",
    path: () => `/endpoints/${endpointId}`,
    status: 204,
    action: "endpoint.delete",
    name: "one",
    before: { name: "one", model_counts: { active: 2 } },
    after: null,
  },
  {
    given: async () => {
      await api.call("DELETE", `/endpoints/${endpointId}`);
      return endpointId;
    },
    method: "POST",
    path: (id) => `/deleted-endpoints/${id}/restore`,
    status: 201,
    action: "endpoint.restore",
    name: "one",
    before: null,
    after: { name: "one", has_api_key: true, model_counts: { active: 2 } },
  },
  {
    given: async () => {
      provider.settings.models = ["alpha"];
      return endpointId;
    },
    method: "POST",
    path: (id) => `/endpoints/${id}/synchronize?confirm=true`,
    status: 200,
    action: "endpoint.synchronize",
    name: "one",
    before: null,
    after: { confirm: true, status: "ok", counts: { offline: 1, unchanged: 1 }, models: [{ id: "beta", outcome: "offline" }] },
  },
  {
    given: async () => {
      provider.next({ kind: "answer", status: 500, body: canary }, { match: "/v1/models" });
      return endpointId;
    },
    method: "POST",
    path: (id) => `/endpoints/${id}/synchronize`,
    status: 200,
    action: "endpoint.synchronize",
    name: "one",
    before: null,
    after: { confirm: false, status: "failed", stage: "http" },
  },
  {
    method: "POST",
    path: () => `/endpoints/${endpointId}/models`,
    body: () => ({ model: "unlisted", alias: "support-bot" }),
    status: 201,
    action: "endpoint.add_model",
    name: "one",
    before: null,
    after: { upstream_model: "unlisted", model: "support-bot", model_id: expect.stringMatching(/^mdl_/) },
  },
  {
    method: "POST",
    path: () => "/models",
    body: () => ({ name: "smart", targets: [{ endpoint: "one", model: "alpha" }] }),
    status: 201,
    action: "model.create",
    name: "smart",
    before: null,
    after: { name: "smart", kind: "virtual", deployments: [{ endpoint: "one", upstream_model: "alpha" }] },
  },
  {
    given: virtual,
    method: "PATCH",
    path: (id) => `/models/${id}`,
    body: () => ({ name: "smarter", limits: { requests_per_second: 5 } }),
    status: 200,
    action: "model.update",
    name: "smarter",
    before: { name: "smart", limits: {} },
    after: { name: "smarter", limits: { requests_per_second: 5 } },
    only: ["limits", "name"],
  },
  {
    given: () => modelId("alpha"),
    method: "PATCH",
    path: (id) => `/models/${id}`,
    body: () => ({ status: "disabled" }),
    status: 200,
    action: "model.update",
    name: "alpha",
    before: { status: "active", deployments: [{ status: "active" }] },
    after: { status: "disabled", deployments: [{ status: "disabled", reason: "disabled by an administrator" }] },
    only: ["deployments", "status"],
  },
  {
    given: () => modelId("alpha"),
    method: "DELETE",
    path: (id) => `/models/${id}`,
    status: 204,
    action: "model.delete",
    name: "alpha",
    before: { name: "alpha", kind: "pool", deployments: [{ endpoint: "one" }] },
    after: null,
  },
  {
    method: "POST",
    path: () => "/manifests",
    body: () => manifest({ tokens: { "openai-production": canary }, headers: { authorization: canary } }),
    status: 201,
    action: "manifest.create",
    name: "metis",
    before: null,
    after: { name: "metis", origin: "admin", interval: "30s", has_headers: true, has_tokens: true },
  },
  {
    given: followed,
    method: "DELETE",
    path: (id) => `/manifests/${id}`,
    status: 204,
    action: "manifest.delete",
    name: "metis",
    before: { name: "metis", origin: "admin", has_headers: false, has_tokens: false },
    after: null,
  },
];

describe.each(changes)("$method → $action of $name ($after)", (change) => {
  it("leaves one entry", async () => {
    const given = (await change.given?.()) ?? "";
    const known = new Set((await entries()).map(({ id }) => id));
    const answer = await ask(change.method, change.path(given), change.body?.());
    expect([answer.status, answer.text]).toEqual([change.status, expect.anything()]);
    const added = (await entries()).filter(({ id }) => !known.has(id));
    expect(added).toHaveLength(1);
    const [row] = added as [AuditRow];
    expect(row).toMatchObject({
      actor_kind: "key",
      actor_id: key.id,
      actor_name: "operations",
      address: "127.0.0.1",
      request_id: answer.headers.get("x-request-id"),
      action: change.action,
      resource_kind: change.action.split(".")[0],
      resource_id: expect.stringMatching(/^(ep|mdl|mft)_/),
      resource_name: change.name,
    });
    const [before, after] = [row.before, row.after].map((side) => (side === null ? null : JSON.parse(side)));
    if (change.before === null) expect(before).toBeNull();
    else expect(before).toMatchObject(change.before);
    if (change.after === null) expect(after).toBeNull();
    else expect(after).toMatchObject(change.after);
    if (change.only !== undefined) expect(Object.keys(after).toSorted()).toEqual(change.only);
    expect(JSON.stringify(row)).not.toContain("canary");
  });

  it("is not made when the entry can't be written", async () => {
    const given = (await change.given?.()) ?? "";
    const { meta } = api.storage;
    const all = async () => ({
      version: await meta.configVersion(),
      endpoints: await api.storage.endpoints.all(),
      models: await api.storage.models.all(),
      deployments: await api.storage.deployments.all(),
      manifests: (await api.storage.manifests.all()).map(({ id, name }) => ({ id, name })),
      runs: (await api.storage.syncRuns.pageOfEndpoint(endpointId, { limit: 100 })).rows,
      entries: await entries(),
    });
    const before = await all();
    const takeAgain = refuseAudit(api.dataDir);
    try {
      expect((await ask(change.method, change.path(given), change.body?.())).status).toBe(500);
    } finally {
      takeAgain();
    }
    expect(await all()).toEqual(before);
  });
});

it("what changes nothing leaves no entry", async () => {
  const manifestId = await followed();
  const pool = await modelId("alpha");
  const before = await entries();
  const calls: [string, string, object?][] = [
    ["POST", "/endpoints/validate", { url: `${provider.url}/v1` }],
    ["POST", `/endpoints/${endpointId}/synchronize?dry_run=true`],
    ["PATCH", `/endpoints/${endpointId}`, { weight: 1 }],
    ["PATCH", `/models/${pool}`, { status: "active" }],
    ["POST", `/manifests/${manifestId}/refresh`],
    ["GET", "/endpoints"],
  ];
  for (const [method, path, body] of calls) expect((await ask(method, path, body)).status).toBe(200);
  const refused: [string, string, object?][] = [
    ["POST", "/endpoints", { name: "one", url: `${provider.url}/v1` }],
    ["PATCH", "/endpoints/ep_none", { weight: 2 }],
    ["POST", "/models", { name: "alpha", targets: [{ endpoint: "one", model: "alpha" }] }],
    ["DELETE", "/manifests/mft_none"],
  ];
  for (const [method, path, body] of refused) expect((await ask(method, path, body)).status).toBeGreaterThanOrEqual(400);
  expect(await entries()).toEqual(before);
});

it("two who synchronise at once share the run, and each has an entry", async () => {
  const before = (await entries()).length;
  provider.on("/v1/models", async (_request, usual) => {
    // Once later requests are answered, both have been asked for.
    for (let turn = 0; turn < 3; turn++) await api.call("GET", `/endpoints/${endpointId}`);
    return usual();
  });
  const [first, second] = await Promise.all([1, 2].map(() => ask("POST", `/endpoints/${endpointId}/synchronize`)));
  const added = (await entries()).slice(0, -before);
  expect(added.map(({ request_id }) => request_id).toSorted()).toEqual(
    [first, second].map((answer) => answer?.headers.get("x-request-id") as string).toSorted(),
  );
  expect(first?.body.id).toBe(second?.body.id);
  const runs = added.map(({ after }) => JSON.parse(after as string).sync_run);
  expect(new Set(runs)).toEqual(new Set([first?.body.id]));
});

it("an entry of a manifest that points to another server is recorded, by the manifest", async () => {
  const id = await followed();
  const before = (await entries()).length;
  const [endpoint] = await api.storage.endpoints.ofManifest(id);
  manifestServer.serve({ one: manifestEntry({ experts: ["expert"], url: "https://elsewhere.example.org/v1" }) });
  await ask("POST", `/manifests/${id}/refresh`);
  await ask("POST", `/manifests/${id}/refresh`);
  expect((await entries()).slice(0, -before)).toMatchObject([
    {
      actor_kind: "system",
      actor_id: null,
      actor_name: "manifest metis",
      action: "endpoint.move",
      resource_kind: "endpoint",
      resource_id: endpoint?.id,
      resource_name: "metis.one",
      before: JSON.stringify({ url: endpoint?.url }),
      after: '{"url":"https://elsewhere.example.org/v1"}',
    },
  ]);
});
