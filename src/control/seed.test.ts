// What the config file says about endpoints is taken over once, whole.
import { afterEach, beforeEach, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../../test/support/database.ts";
import { Cipher } from "../core/cipher.ts";
import { Secret } from "../core/secret.ts";
import { noLimits } from "../domain/limits.ts";
import type { EndpointSeed } from "../domain/seeds.ts";
import { issueFirstAdminToken, seed } from "./seed.ts";

const cipher = new Cipher("a secret key for tests, 32 characters");
const one: EndpointSeed = {
  name: "one",
  url: "http://one.test/v1",
  apiKey: null,
  description: null,
  dialect: null,
  authHeaderName: null,
  authHeaderPrefix: null,
  headers: {},
  query: {},
  models: ["alpha", "beta"],
  aliases: { beta: "b" },
  syncIntervalMs: 0,
  timeouts: { idleMs: 5000 },
  weight: 4,
  probe: { kind: "completion", intervalMs: 5000, timeoutMs: 1000 },
};

let database: TestDatabase;
beforeEach(async () => {
  database = await testDatabase("sqlite");
});
afterEach(() => database.remove());

const seedWith = (endpoints: readonly EndpointSeed[]) =>
  seed({ storage: database.storage, cipher, endpoints, keys: [], nowMs: 1 });

test("an endpoint with all that it sets, once", async () => {
  const { endpoints, models } = database.storage;
  const first = await seedWith([one, { ...one, name: "two", probe: null }]);
  expect(first).toMatchObject({ seeded: true, endpointIds: [expect.any(String), expect.any(String)] });
  const rows = await endpoints.all();
  expect(rows).toMatchObject([{ name: "one", weight: 4, timeouts: '{"idleMs":5000}', origin: "config" }, { probe: null }]);
  expect(JSON.parse(rows[0]?.probe ?? "")).toEqual(one.probe);
  expect((await models.all()).map(({ name, kind }) => `${name} ${kind}`)).toEqual(["alpha pool", "b pool"]);
  expect(await seedWith([{ ...one, name: "three" }])).toEqual({ seeded: false, endpointIds: [] });
  expect(await endpoints.all()).toEqual(rows);
});

test("endpoints, keys and the first administrator's token are in the audit log, without what is secret", async () => {
  const { storage } = database;
  const [providerKey, ownKey] = ["sk-canary-of-a-provider", "sk-canary-of-a-caller"];
  const endpoints = [{ ...one, apiKey: new Secret(providerKey), headers: { "x-token": "canary" } }];
  const rest = { scopes: ["inference"], models: null, expiresAtMs: null, limits: noLimits } as const;
  await seed({ storage, cipher, endpoints, keys: [{ name: "ci", key: new Secret(ownKey), ...rest }], nowMs: 1 });
  const token = await issueFirstAdminToken(storage, 2);
  const { rows } = await storage.audit.page({}, { limit: 10 });
  expect(rows.map((row) => [row.actor_kind, row.actor_name, row.action, row.resource_name, row.before])).toEqual([
    ["system", "first start", "key.create", "first administrator", null],
    ["system", "config", "key.create", "ci", null],
    ["system", "config", "endpoint.create", "one", null],
  ]);
  expect(JSON.parse(rows[2]?.after ?? "")).toMatchObject({ weight: 4, has_api_key: true, headers: { "x-token": "[secret]" } });
  expect(JSON.stringify(rows)).not.toMatch(/canary/);
  expect(JSON.stringify(rows)).not.toContain(token?.slice(16));
});
