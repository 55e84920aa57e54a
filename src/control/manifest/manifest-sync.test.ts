// Manifests over time: real servers, a real database, and a clock that the tests move.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type TestDatabase, testDatabase } from "../../../test/support/database.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { createFakeClock, type FakeClock } from "../../../test/support/fake-clock.ts";
import { type ManifestServer, manifestEntry, startManifestServer } from "../../../test/support/manifest-server.ts";
import { Cipher } from "../../core/cipher.ts";
import type { Logger } from "../../core/logger.ts";
import { Secret } from "../../core/secret.ts";
import type { ManifestSeed } from "../../domain/seeds.ts";
import { HttpClient } from "../../egress/http-client.ts";
import { StorageUnavailable } from "../../storage/ports/errors.ts";
import type { Storage } from "../../storage/ports/storage.ts";
import { encryptPart } from "./manifest-secrets.ts";
import type { ManifestState } from "./manifest-state.ts";
import { ManifestSync, type ManifestSyncOptions } from "./manifest-sync.ts";
import { newManifestRow } from "./new-manifest-row.ts";

const cipher = new Cipher("a secret key of 32 characters or more");
const second = 1000;
const minute = 60 * second;

let database: TestDatabase;
let storage: Storage;
let server: ManifestServer;
let clock: FakeClock;
let client: HttpClient;
let syncs: ManifestSync[];
let logged: string[];
let published: number;
let told: ManifestState[][];

beforeEach(async () => {
  database = await testDatabase("sqlite");
  storage = database.storage;
  server = await startManifestServer();
  clock = createFakeClock();
  client = new HttpClient({ allowPrivate: true });
  syncs = [];
  logged = [];
  published = 0;
  told = [];
});
afterEach(async () => {
  for (const sync of syncs) await sync.stop();
  await client.close();
  await server.close();
  await database.remove();
});

const log: Logger = { debug: () => {}, info: line("info"), warn: line("warn"), error: line("error") };
function line(level: string) {
  return (fields: object, message: string) => void logged.push(JSON.stringify({ level, ...fields, message }));
}

function seed(fields: Partial<ManifestSeed> = {}): ManifestSeed {
  return {
    name: "metis",
    url: server.url,
    origin: "environment",
    intervalMs: 30 * second,
    headers: {},
    allowedHosts: [],
    tokens: new Map([["openai-production", new Secret("sk-canary-one")]]),
    ...fields,
  };
}

function syncOf(seeds: readonly ManifestSeed[] = [seed()], options: Partial<ManifestSyncOptions> = {}): ManifestSync {
  const sync = new ManifestSync({
    storage: () => storage,
    cipher,
    clock,
    log,
    seeds,
    client,
    onChanged: async () => void published++,
    onState: (states) => void told.push([...states]),
    random: () => 0, // no jitter
    ...options,
  });
  syncs.push(sync);
  return sync;
}

async function started(seeds?: readonly ManifestSeed[], options?: Partial<ManifestSyncOptions>): Promise<ManifestSync> {
  const sync = syncOf(seeds, options);
  await sync.start();
  await sync.idle();
  return sync;
}

/** Moves the clock in steps; after each, waits until what fell due is done. */
async function pass(sync: ManifestSync, ms: number, stepMs = ms): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    await clock.advance(stepMs);
    await sync.idle();
  }
}

const deployments = async () => (await storage.deployments.all()).map((row) => `${row.upstream_model} ${row.status}`).sort();
const only = (sync: ManifestSync): ManifestState => sync.states()[0] as ManifestState;
const linesWith = (words: string) => logged.filter((text) => text.includes(words));

describe("the start", () => {
  it("makes rows of the configuration's manifests, fetches them and publishes", async () => {
    server.serve({ one: manifestEntry({ experts: ["a"] }) });
    const sync = await started();
    expect(await deployments()).toEqual(["a active"]);
    expect(only(sync)).toEqual({
      id: expect.stringMatching(/^mft_/),
      name: "metis",
      url: server.url,
      status: "ok",
      lastSuccessAtMs: clock.nowMs(),
      lastError: null,
      sinceMs: null,
      entries: [{ key: "one", endpoint_id: "openai-production", status: "live", models: ["a"], error: null }],
    });
    expect(published).toBe(2); // that there is a manifest, and what is in it
    expect(told.at(-1)).toEqual(sync.states());
    expect(server.requests).toHaveLength(1);
  });

  it("does not wait for a server that does not answer", async () => {
    server.answer(() => {});
    const sync = syncOf();
    await sync.start();
    expect(only(sync)).toMatchObject({ status: "never_loaded", lastError: null, sinceMs: clock.nowMs() });
  });

  it("works from the stored copy when the server is gone, with the tokens of today", async () => {
    server.serve({ one: manifestEntry({ experts: ["a"] }), two: manifestEntry({ experts: ["b"], endpoint_id: "other" }) });
    const tokens = new Map([
      ["openai-production", new Secret("sk-1")],
      ["other", new Secret("sk-2")],
    ]);
    await (await started([seed({ tokens })])).stop();
    const { lastSuccessAtMs } = { lastSuccessAtMs: clock.nowMs() };
    await server.setUp(false);
    await clock.advance(60 * minute);
    const sync = syncOf([seed({ tokens: new Map([["other", new Secret("sk-2")]]) })]);
    await sync.start();
    expect(await deployments()).toEqual(["a offline", "b active"]);
    await sync.idle();
    expect(only(sync)).toMatchObject({
      status: "stale",
      lastSuccessAtMs,
      lastError: { stage: "connect" },
      sinceMs: clock.nowMs(),
    });
    expect(only(sync).entries.map(({ error }) => error === null)).toEqual([false, true]);
    // and the next start knows that it was stale
    const again = syncOf([seed({ tokens })]);
    await again.start();
    expect(only(again).status).toBe("stale");
  });

  it("removes the configuration's manifests that it no longer names, and leaves those of the admin API", async () => {
    await storage.manifests.insert(
      newManifestRow({ name: "own", url: server.url, origin: "admin", interval_ms: minute, allowed_hosts: "[]" }, 0),
    );
    server.serve({ one: manifestEntry({ experts: ["a"] }) });
    await (await started([seed(), seed({ name: "second", origin: "config" })])).stop();
    expect(await storage.endpoints.all()).toHaveLength(3);
    const sync = await started([seed({ name: "second", origin: "config", intervalMs: 5 * second })]);
    expect(sync.states().map(({ name }) => name)).toEqual(["own", "second"]);
    expect((await storage.endpoints.all()).map(({ name }) => name)).toEqual(["own.one", "second.one"]);
    expect((await storage.manifests.getByName("second"))?.interval_ms).toBe(5 * second);
  });

  it("takes over a manifest of the same name, and asks a new URL without conditions", async () => {
    const row = newManifestRow(
      { name: "metis", url: "http://old.example/", origin: "admin", interval_ms: minute, allowed_hosts: "[]" },
      0,
    );
    row.tokens_ciphertext = encryptPart(cipher, row.id, "tokens", { x: "sk-canary-old" });
    await storage.manifests.insert({ ...row, content: "{}", etag: '"old"', last_success_at: 1 });
    await started();
    expect(server.requests[0]).not.toHaveProperty("if-none-match");
    expect(await storage.manifests.get(row.id)).toMatchObject({
      origin: "environment",
      url: server.url,
      tokens_ciphertext: null,
    });
    expect(linesWith("one of the configuration now")).toHaveLength(1);
  });

  it("is tried again while the database is away", async () => {
    server.serve({ one: manifestEntry({ experts: ["a"] }) });
    let present: Storage | null = null;
    const sync = await started([seed()], { storage: () => present });
    expect(sync.states()).toEqual([]);
    await pass(sync, 10 * second, second);
    expect(server.requests).toHaveLength(0);
    present = storage;
    await clock.advance(30 * second);
    await eventually(async () => (await deployments()).length === 1, { what: "the manifest" });
  });
});

describe("polling", () => {
  it("asks once each interval, conditionally, and applies what has changed", async () => {
    server.serve({ one: manifestEntry({ experts: ["a"] }) });
    const sync = await started();
    await pass(sync, 5 * minute, 30 * second);
    expect(server.requests).toHaveLength(11);
    expect(server.requests.slice(1).every((headers) => headers["if-none-match"] === '"version-2"')).toBe(true);
    expect(published).toBe(2);
    expect(only(sync).lastSuccessAtMs).toBe(clock.nowMs());
    server.serve({ one: manifestEntry({ experts: ["a"], status: "Maintenance" }) });
    await pass(sync, 30 * second);
    expect(await deployments()).toEqual(["a offline"]);
    expect(published).toBe(3);
  });

  it("comes up to a tenth of the interval early, and never late", async () => {
    let random = 1;
    const sync = await started([seed()], { random: () => random });
    await pass(sync, 26_900);
    expect(server.requests).toHaveLength(1);
    random = 0;
    await pass(sync, 100);
    expect(server.requests).toHaveLength(2);
    await pass(sync, 29_900);
    expect(server.requests).toHaveLength(2);
    await pass(sync, 100);
    expect(server.requests).toHaveLength(3);
  });

  it("tries soon and then less often what was never had, up to the interval", async () => {
    server.answer((_request, response) => response.writeHead(500).end());
    const sync = await started();
    const times: number[] = [];
    for (let passed = 0; passed <= 130; passed++) {
      if (server.requests.length > times.length) times.push(passed);
      await pass(sync, second);
    }
    expect(times).toEqual([0, 1, 3, 7, 15, 31, 61, 91, 121]);
    expect(only(sync)).toMatchObject({
      status: "never_loaded",
      lastError: { stage: "http", detail: "The server answered 500." },
    });
    expect(linesWith("can't be had")).toHaveLength(1);
    server.serve({ one: manifestEntry({ experts: ["a"] }) });
    await pass(sync, 30 * second);
    expect(only(sync)).toMatchObject({ status: "ok", lastError: null, sinceMs: null });
    expect(linesWith("can be had again")).toHaveLength(1);
  });

  it("an hour without the server changes nothing but the state, which says since when", async () => {
    server.serve({ one: manifestEntry({ experts: ["a"] }) });
    const sync = await started();
    const before = [
      await storage.endpoints.all(),
      await storage.deployments.all(),
      await storage.meta.configVersion(),
      published,
    ];
    const { lastSuccessAtMs } = only(sync);
    await server.setUp(false);
    await pass(sync, 60 * minute, 30 * second);
    expect([
      await storage.endpoints.all(),
      await storage.deployments.all(),
      await storage.meta.configVersion(),
      published,
    ]).toEqual(before);
    expect(only(sync)).toMatchObject({
      status: "stale",
      lastSuccessAtMs,
      lastError: { atMs: clock.nowMs(), stage: "connect" },
      sinceMs: (lastSuccessAtMs as number) + 30 * second,
    });
    expect(JSON.parse((await storage.manifests.all())[0]?.last_error ?? "null")).toEqual({
      at: clock.nowMs(),
      stage: "connect",
      detail: "Nothing accepts connections at that address and port.",
    });
    expect(logged.filter((text) => text.includes("stays in use"))).toHaveLength(1);
    await server.setUp(true);
    await pass(sync, 30 * second);
    expect(only(sync)).toMatchObject({ status: "ok", lastError: null, lastSuccessAtMs: clock.nowMs() });
  });

  it.each([
    ["a 500", (_: unknown, response: { writeHead(status: number): { end(): void } }) => response.writeHead(500).end(), "http"],
    ["what is not JSON", "<html>", "parse"],
    ["a list", [], "parse"],
    ["an error in JSON", { error: { message: "gone" } }, "parse"],
  ])("%s leaves the last good copy in use", async (_name, answer, stage) => {
    server.serve({ one: manifestEntry({ experts: ["a"] }) });
    const sync = await started();
    if (typeof answer === "function") server.answer(answer as never);
    else server.serve(answer);
    await pass(sync, 30 * second);
    expect(await deployments()).toEqual(["a active"]);
    expect(only(sync)).toMatchObject({ status: "stale", lastError: { stage } });
    expect((await storage.manifests.all())[0]?.content).toContain('"a"');
  });

  it("puts right what others did to the rows meanwhile", async () => {
    server.serve({ one: manifestEntry({ experts: ["a"] }) });
    const sync = await started();
    for (const { id } of await storage.endpoints.all()) await storage.endpoints.delete(id);
    await pass(sync, 30 * second);
    expect(await deployments()).toEqual(["a active"]);
  });

  it("follows a file", async () => {
    const path = join(database.location.dataDir, "status.json");
    await writeFile(path, JSON.stringify({ one: manifestEntry({ experts: ["a"] }) }));
    const sync = await started([seed({ url: path })]);
    expect(await deployments()).toEqual(["a active"]);
    await writeFile(path, JSON.stringify({ one: manifestEntry({ experts: ["b2"] }) }));
    await pass(sync, 30 * second);
    expect(await deployments()).toEqual(["b2 active"]);
  });
});

describe("one fetch at a time", () => {
  it("is shared by the start and everybody who asks", async () => {
    const answers: (() => void)[] = [];
    server.answer((_request, response) =>
      answers.push(() => response.end(JSON.stringify({ one: manifestEntry({ experts: ["a"] }) }))),
    );
    const sync = syncOf();
    await sync.start();
    const { id } = only(sync);
    const asked = Promise.all(Array.from({ length: 100 }, () => sync.refresh(id)));
    await eventually(() => answers.length === 1);
    answers[0]?.();
    const states = await asked;
    expect(states.every((state) => state?.status === "ok")).toBe(true);
    expect(server.requests).toHaveLength(1);
    const again = sync.refresh(id);
    await eventually(() => answers.length === 2);
    answers[1]?.();
    await again;
    expect(server.requests).toHaveLength(2);
  });

  it("on demand puts the next poll off", async () => {
    const sync = await started();
    await pass(sync, 20 * second);
    await sync.refresh(only(sync).id);
    await pass(sync, 20 * second);
    expect(server.requests).toHaveLength(2);
    await pass(sync, 10 * second);
    expect(server.requests).toHaveLength(3);
  });
});

describe("a manifest of the admin API", () => {
  async function insert(): Promise<string> {
    const row = newManifestRow(
      { name: "own", url: server.url, origin: "admin", interval_ms: minute, allowed_hosts: '["api.openai.com"]' },
      0,
    );
    row.headers_ciphertext = encryptPart(cipher, row.id, "headers", { authorization: "Basic canary" });
    row.tokens_ciphertext = encryptPart(cipher, row.id, "tokens", { "openai-production": "sk-canary-one" });
    await storage.manifests.insert(row);
    return row.id;
  }

  it("is fetched with its own headers, and its entries have its tokens and allowed hosts", async () => {
    server.serve({ one: manifestEntry({ experts: ["a"] }), two: manifestEntry({ url: "https://evil.example" }) });
    const sync = await started([]);
    const id = await insert();
    expect(await sync.refresh("mft_none")).toBeNull();
    const state = await sync.refresh(id);
    expect(server.requests[0]?.authorization).toBe("Basic canary");
    expect(await deployments()).toEqual(["a active"]);
    expect(state?.entries[1]).toMatchObject({ key: "two", status: "dropped" });
  });

  it("that is deleted is forgotten, also when a fetch of it is under way", async () => {
    const id = await insert();
    let answer = () => {};
    server.answer((_request, response) => {
      answer = () => response.end(JSON.stringify({ one: manifestEntry() }));
    });
    const sync = syncOf([]);
    await sync.start();
    await eventually(() => server.requests.length === 1);
    await storage.manifests.delete(id);
    answer();
    await sync.idle();
    expect(sync.states()).toEqual([]);
    expect(await storage.endpoints.all()).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});

describe("a database that fails", () => {
  it("during a poll loses nothing: the poll is tried again soon", async () => {
    server.serve({ one: manifestEntry({ experts: ["a"] }) });
    let failing = false;
    const flaky = () =>
      new Proxy(storage, {
        get(target, name) {
          if (failing && name === "transaction") return () => Promise.reject(new StorageUnavailable("away"));
          return Reflect.get(target, name);
        },
      });
    const sync = await started([seed()], { storage: flaky });
    server.serve({ one: manifestEntry({ experts: ["b"] }) });
    failing = true;
    await pass(sync, 30 * second);
    expect(await deployments()).toEqual(["a active"]);
    expect(only(sync).status).toBe("ok");
    failing = false;
    await pass(sync, second);
    expect(await deployments()).toEqual(["b active"]);
  });

  it("or is away keeps the server from being asked for what could not be kept", async () => {
    let present: Storage | null = storage;
    const sync = await started([seed()], { storage: () => present });
    present = null;
    await pass(sync, 10 * minute, 30 * second);
    expect(server.requests).toHaveLength(1);
    expect(only(sync).status).toBe("ok");
    present = storage;
    await pass(sync, 30 * second);
    expect(server.requests).toHaveLength(2);
  });

  it("and a publication that fails keep nobody from polling", async () => {
    server.serve({ one: manifestEntry({ experts: ["a"] }) });
    const sync = await started([seed()], { onChanged: () => Promise.reject(new Error("no")) });
    expect(only(sync).status).toBe("ok");
    await pass(sync, 30 * second);
    expect(server.requests).toHaveLength(2);
  });
});

describe("the log", () => {
  it("says once what is wrong with an entry, and again when that changes; and where an entry has moved to", async () => {
    server.serve({ one: manifestEntry({ endpoint_id: "nobody" }), two: manifestEntry() });
    const sync = await started();
    await pass(sync, 2 * minute, 30 * second);
    expect(linesWith("has a problem")).toHaveLength(1);
    expect(linesWith("has a problem")[0]).toContain('"entry":"one"');
    server.serve({ one: manifestEntry({ url: "" }), two: manifestEntry({ url: "https://new.example:8443/v1" }) });
    await pass(sync, minute, 30 * second);
    expect(linesWith("has a problem")).toHaveLength(2);
    expect(linesWith("points to another server")).toHaveLength(1);
    expect(JSON.parse(linesWith("points to another server")[0] ?? "")).toMatchObject({
      manifest: "metis",
      entry: "two",
      from: "https://api.openai.com",
      to: "https://new.example:8443",
    });
  });

  it("warns once of plain http to a public host, for manifests of the admin API", async () => {
    const given = {
      name: "own",
      url: "http://status.invalid.example/s.json",
      origin: "admin",
      interval_ms: minute,
      allowed_hosts: "[]",
    };
    await storage.manifests.insert(newManifestRow(given, 0));
    const nowhere = new HttpClient({ allowPrivate: true, resolve: async () => [] });
    const sync = await started([seed()], { client: nowhere });
    await pass(sync, 5 * minute, minute);
    await sync.reload();
    await sync.idle();
    await nowhere.close();
    expect(linesWith("plain http")).toHaveLength(1);
  });

  it("and states hold no secret", async () => {
    server.serve({ one: manifestEntry({ headers: { authorization: "sk-canary-two" } }), two: manifestEntry() });
    const headers = { authorization: new Secret("sk-canary-three") };
    const sync = await started([seed({ headers })]);
    await server.setUp(false);
    await pass(sync, minute, 30 * second);
    expect(only(sync).entries).toHaveLength(2);
    expect(logged.join("\n") + JSON.stringify(sync.states())).not.toContain("canary");
  });
});

it("after the stop nothing is fetched or written any more", async () => {
  server.answer(() => {});
  const sync = syncOf();
  await sync.start();
  await eventually(() => server.requests.length === 1);
  await sync.stop();
  expect(clock.pending).toBe(0);
  await sync.refresh(only(sync).id);
  await clock.advance(60 * minute);
  expect(server.requests).toHaveLength(1);
  expect((await storage.manifests.all())[0]?.last_error).toBeNull();
});
