// What the data plane gets to see of the database: targets with their weights, settings with their defaults, timeouts by who sets them.
import { afterEach, beforeEach, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../../test/support/database.ts";
import { endpointRow } from "../../test/support/endpoint-row.ts";
import { testPriceBook } from "../../test/support/price-book.ts";
import { Cipher } from "../core/cipher.ts";
import { noLimits } from "../domain/limits.ts";
import type { ModelView } from "../domain/snapshot.ts";
import type { Timeouts } from "../domain/timeouts.ts";
import type { DeploymentRow, ModelRow } from "../storage/ports/models.ts";
import { loadSnapshot } from "./load-snapshot.ts";
import { newModelRow } from "./new-model-row.ts";

const cipher = new Cipher("a secret key for tests, 32 characters");
const timeouts: Timeouts = { connectMs: 1, firstByteMs: 2, idleMs: 3, totalMs: 4 };

let database: TestDatabase;
let pool: ModelRow;
let virtual: ModelRow;
beforeEach(async () => {
  database = await testDatabase("sqlite");
  const { endpoints, models, deployments } = database.storage;
  pool = newModelRow("alpha", "pool", 1);
  virtual = newModelRow("smart", "virtual", 2);
  await endpoints.insert(endpointRow({ id: "ep_1", name: "one", weight: 3, timeouts: '{"idleMs":30}' }));
  await endpoints.insert(endpointRow({ id: "ep_2", name: "two", probe: '{"kind":"models","intervalMs":5,"timeoutMs":6}' }));
  for (const row of [pool, virtual]) await models.insert(row);
  await deployments.insert(deployment("dep_1", "ep_1", pool.id));
  await deployments.insert(deployment("dep_2", "ep_2", pool.id));
  await deployments.insert({ ...deployment("dep_3", "ep_2", null), removed_at: 5 });
});
afterEach(() => database.remove());

function deployment(id: string, endpointId: string, modelId: string | null): DeploymentRow {
  const state = { source: "discovered", status: "active", reason: null, since: 1, removed_at: null };
  const times = { created_at: 1, updated_at: 1 };
  return { id, endpoint_id: endpointId, model_id: modelId, upstream_model: `up-${id}`, ...state, ...times };
}

const load = () => database.storage.transaction((tx) => loadSnapshot(tx, { cipher, timeouts, prices: testPriceBook() }, 9));
const shares = (model: ModelView | undefined) =>
  model?.deployments.map(({ id, weight, priority }) => `${id} ${weight} ${priority}`);

test("nothing set: balanced, no hedging, weights of the endpoints, global timeouts", async () => {
  const { endpoints, models } = await load();
  const unset = { strategy: "balanced", maxAttempts: null, hedge: null, timeouts: {}, groups: null, limits: noLimits };
  expect(models[0]).toMatchObject({ id: pool.id, kind: "pool", ...unset });
  expect(models[1]).toEqual({ id: virtual.id, name: "smart", kind: "virtual", createdAtMs: 2, ...unset, deployments: [] });
  expect(shares(models[0])).toEqual(["dep_1 3 0", "dep_2 1 0"]);
  expect(endpoints[0]).toMatchObject({ timeouts: { ...timeouts, idleMs: 30 }, probe: null });
  expect(endpoints[1]).toMatchObject({ timeouts, probe: { kind: "models", intervalMs: 5, timeoutMs: 6 } });
});

test("settings and targets of a model; a deployment keeps its place in its pool beside a virtual model", async () => {
  const { models, modelTargets } = database.storage;
  await models.update(pool.id, { strategy: "affinity", max_attempts: 2, hedge: '{"delayMinMs":9}', timeouts: '{"totalMs":8}' });
  await modelTargets.replace(pool.id, [{ deployment_id: "dep_2", weight: 7, priority: 1 }]);
  await modelTargets.replace(virtual.id, [
    { deployment_id: "dep_3", weight: 1, priority: null },
    { deployment_id: "dep_2", weight: 0, priority: 4 },
    { deployment_id: "dep_1", weight: null, priority: null },
  ]);
  const loaded = (await load()).models;
  expect(loaded[0]).toMatchObject({
    strategy: "affinity",
    maxAttempts: 2,
    hedge: { extraTrafficMax: 0.05, delayMinMs: 9 },
    timeouts: { totalMs: 8 },
  });
  expect(shares(loaded[0])).toEqual(["dep_1 3 0", "dep_2 7 1"]);
  // The removed one is none of its targets.
  expect(shares(loaded[1])).toEqual(["dep_2 0 4", "dep_1 1 0"]);
  expect(loaded[1]?.deployments[1]).toMatchObject({ endpointId: "ep_1", upstreamModel: "up-dep_1", status: "active" });
});

test("a disabled virtual model has disabled targets, which stay active in their pools", async () => {
  const { models, modelTargets } = database.storage;
  await modelTargets.replace(virtual.id, [{ deployment_id: "dep_1", weight: null, priority: null }]);
  await models.update(virtual.id, { disabled_at: 77 });
  const loaded = (await load()).models;
  expect(loaded[1]?.deployments).toMatchObject([
    { id: "dep_1", status: "disabled", reason: "the virtual model is disabled", sinceMs: 77 },
  ]);
  expect(loaded[0]?.deployments[0]).toMatchObject({ id: "dep_1", status: "active", reason: null, sinceMs: 1 });
});
