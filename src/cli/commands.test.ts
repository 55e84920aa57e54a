// The commands beside `start`, on real databases and files: what they change, what they print, what they refuse.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createPostgresDatabase, temporaryDirectory } from "../../test/support/database.ts";
import { endpointRow } from "../../test/support/endpoint-row.ts";
import { startProvider } from "../../test/support/provider.ts";
import { loadSecretKey, readSecretKeyFile } from "../config/secret-key.ts";
import { deletedContentOf, keepDeleted } from "../control/admin/endpoints/deleted-content.ts";
import { bodyContext } from "../control/bodies/seal-bodies.ts";
import { readLastBackup } from "../control/last-backup.ts";
import { checkSecretKeyId } from "../control/secret-key-id.ts";
import { Cipher } from "../core/cipher.ts";
import { Secret } from "../core/secret.ts";
import { digestApiKey } from "../domain/api-key.ts";
import { lockDataDir } from "../storage/data-dir-lock.ts";
import { openStorage } from "../storage/open-storage.ts";
import type { DeletedEndpointRow } from "../storage/ports/endpoints.ts";
import type { Storage } from "../storage/ports/storage.ts";
import { requestBodyRow } from "../storage/rows.contract.ts";
import { backup } from "./backup.ts";
import { check } from "./check.ts";
import { createAdminToken } from "./create-admin-token.ts";
import { describeFailure } from "./describe-failure.ts";
import { finishRotation } from "./finish-rotation.ts";
import { rotateSecret } from "./rotate-secret.ts";

const providerKey = "sk-canary-provider-key";
const envKey = "0123456789abcdef0123456789abcdef";

let cwd: string;
let dataDir: string;
let remove: () => Promise<void>;

beforeEach(async () => {
  const directory = await temporaryDirectory();
  cwd = directory.path;
  dataDir = join(cwd, "data");
  remove = directory.remove;
});

afterEach(() => remove());

/** Runs a command as the shell would; what it said, and why it failed. */
async function run<O>(
  command: (options: O, io: Parameters<typeof check>[1]) => Promise<void>,
  options: O,
  env: Record<string, string> = {},
) {
  const printed: string[] = [];
  const notes: string[] = [];
  let failure: string | null = null;
  try {
    await command(options, { print: (text) => printed.push(text), note: (text) => notes.push(text), env, cwd });
  } catch (error) {
    failure = describeFailure(error);
  }
  const out = printed.join("\n");
  const err = notes.join("\n");
  expect(out + err + failure).not.toContain("canary");
  return { out, err, failure };
}

async function withDatabase<T>(work: (storage: Storage) => Promise<T>, databaseUrl: string | null = null): Promise<T> {
  mkdirSync(dataDir, { recursive: true });
  const storage = await openStorage({ databaseUrl, dataDir });
  try {
    return await work(storage);
  } finally {
    await storage.close();
  }
}

/** A database as a first start leaves it, with one endpoint that has a key and one that has none. */
async function createDatabase(url = "http://127.0.0.1:9", secretKey?: Secret, databaseUrl: string | null = null): Promise<void> {
  mkdirSync(dataDir, { recursive: true });
  const cipher = new Cipher(secretKey ?? loadSecretKey({ envKey: null, dataDir, required: false }));
  await withDatabase(async (storage) => {
    await storage.migrate();
    await checkSecretKeyId(storage, cipher);
    const ciphertext = cipher.encrypt(providerKey, "endpoint:ep_1:api_key");
    await storage.endpoints.insert(endpointRow({ id: "ep_1", name: "one", url, api_key_ciphertext: ciphertext }));
    await storage.endpoints.insert(endpointRow({ id: "ep_2", name: "two", url, api_key_ciphertext: null }));
  }, databaseUrl);
}

describe("admin create-token", () => {
  test("makes a key with the admin scope, also while the database is in use, and prints only the key", async () => {
    await createDatabase();
    const { out, key, versions } = await withDatabase(async (storage) => {
      const before = await storage.meta.configVersion();
      const { out } = await run(createAdminToken, { name: "ops" });
      const key = (await storage.keys.all()).find(({ digest }) => digest === digestApiKey(out));
      return { out, key, versions: [before, await storage.meta.configVersion()] };
    });
    expect(out).toMatch(/^sk-hg-[a-z2-9]{10}-[a-z2-9]{40}$/);
    expect(key).toMatchObject({ name: "ops", origin: "cli", scopes: '["admin"]', prefix: out.slice(0, 16), deleted_at: null });
    expect(versions[1]).toBe((versions[0] as number) + 1);
    const { rows } = await withDatabase((storage) => storage.audit.page({}, { limit: 10 }));
    const actor = { actor_kind: "system", actor_name: "command line" };
    expect(rows).toMatchObject([{ ...actor, action: "key.create", resource_id: key?.id, resource_name: "ops", before: null }]);
    expect(JSON.parse(rows[0]?.after ?? "")).toMatchObject({ name: "ops", scopes: ["admin"], origin: "cli" });
    expect(JSON.stringify(rows)).not.toContain(out.slice(16));
  });

  test("works before the first start too", async () => {
    const { out, failure } = await run(createAdminToken, { name: "ops" });
    expect(failure).toBeNull();
    expect(await withDatabase((storage) => storage.keys.all())).toMatchObject([{ digest: digestApiKey(out) }]);
  });

  test("works on PostgreSQL", async () => {
    const database = await createPostgresDatabase();
    const { out } = await run(createAdminToken, { name: "ops" }, { HEADGATE_DATABASE_URL: database.url });
    expect(await withDatabase((storage) => storage.keys.all(), database.url)).toMatchObject([{ digest: digestApiKey(out) }]);
    await database.drop();
  });

  test("a name that is none is refused", async () => {
    expect((await run(createAdminToken, { name: " " })).failure).toMatch(/--name/);
    expect(existsSync(dataDir)).toBe(false);
  });
});

describe("backup", () => {
  test("copies the database while it is in use, for the owner's eyes, without the secret key", async () => {
    await createDatabase();
    const { out, err, failure } = await withDatabase(async (storage) => {
      await storage.ping();
      return run(backup, {});
    });
    expect(failure).toBeNull();
    expect(out).toMatch(/data\/backups\/headgate-\d{8}T\d{6}Z\.db$/);
    expect(statSync(out).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(dataDir, "backups"))).toHaveLength(1);
    expect(err).toContain(join(dataDir, "secret.key"));
    const restored = join(cwd, "restored");
    mkdirSync(restored);
    copyFileSync(out, join(restored, "headgate.db"));
    const storage = await openStorage({ databaseUrl: null, dataDir: restored });
    expect((await storage.endpoints.all()).map(({ name }) => name)).toEqual(["one", "two"]);
    await storage.close();
  });

  test("--to names the file, and an existing one is never overwritten", async () => {
    await createDatabase();
    expect((await run(backup, { to: "copies/a.db" })).out).toBe(join(cwd, "copies/a.db"));
    writeFileSync(join(cwd, "b.db"), "precious");
    expect((await run(backup, { to: "b.db" })).failure).toMatch(/b\.db: exists already/);
    expect(readFileSync(join(cwd, "b.db"), "utf8")).toBe("precious");
  });

  test("the last run, good or bad, is written down for the running Headgate", async () => {
    await createDatabase();
    const last = () => withDatabase(({ meta }) => readLastBackup(meta));
    expect(await last()).toBeNull();
    const beforeMs = Date.now();
    const { out } = await run(backup, {});
    const good = await last();
    expect(good).toMatchObject({ file: out, bytes: statSync(out).size, error: null });
    expect(good?.atMs).toBeGreaterThanOrEqual(beforeMs);
    expect(good?.durationMs).toBeGreaterThanOrEqual(0);
    writeFileSync(join(cwd, "b.db"), "precious");
    await run(backup, { to: "b.db" });
    expect(await last()).toMatchObject({ file: join(cwd, "b.db"), bytes: 0, error: expect.stringMatching(/exists already/) });
  });

  test("without a database there is nothing to copy, and nothing is made", async () => {
    expect((await run(backup, {})).failure).toMatch(/no database/);
    expect(existsSync(dataDir)).toBe(false);
  });

  test("with PostgreSQL it fails with the pg_dump command, without the password", async () => {
    const url = "postgres://me:canary-password@db.example:5433/headgate?sslmode=require&password=canary";
    const { failure } = await run(backup, {}, { HEADGATE_DATABASE_URL: url });
    expect(failure).toMatch(/pg_dump --format=custom --file=\S+ 'postgres:\/\/me@db\.example:5433\/headgate\?sslmode=require'/);
  });
});

describe("check", () => {
  test("before the first start: the endpoints of the file are asked with their keys", async () => {
    const provider = await startProvider();
    writeFileSync(
      join(cwd, "headgate.yaml"),
      `endpoints:
  - { name: good, url: "${provider.url}/v1", api_key: ${providerKey} }
  - { name: gone, url: "http://127.0.0.1:9/v1", api_key: ${providerKey} }
`,
    );
    const { out, failure } = await run(check, {});
    expect(out).toMatch(/^ok +configuration +.*headgate\.yaml$/m);
    expect(out).toMatch(/^ok +database +none in .* yet/m);
    expect(out).toMatch(/^ok +endpoint good +.*lists \d+ model/m);
    expect(out).toMatch(/^FAIL +endpoint gone +connect: /m);
    expect(failure).toBe("One check failed.");
    expect(provider.requests[0]?.headers.authorization).toBe(`Bearer ${providerKey}`);
    expect(existsSync(dataDir)).toBe(false);
    await provider.close();
  });

  test("afterwards: those of the database, with their stored keys", async () => {
    const provider = await startProvider();
    await createDatabase(`${provider.url}/v1`);
    const { out, failure } = await run(check, {});
    expect(failure).toBeNull();
    expect(out).toMatch(/^ok +database +SQLite, /m);
    expect(out).toMatch(/^ok +endpoint one /m);
    expect(provider.requests.map((request) => request.headers.authorization)).toContain(`Bearer ${providerKey}`);
    await provider.close();
  });

  test("a secret key that does not fit the database fails", async () => {
    await createDatabase();
    const { out, failure } = await run(check, {}, { HEADGATE_SECRET_KEY: envKey });
    expect(out).toMatch(/^FAIL +database +.*secret key does not fit/im);
    expect(failure).toBe("One check failed.");
  });

  test("PostgreSQL: pending migrations are told and not applied; HEADGATE_SECRET_KEY is demanded", async () => {
    const database = await createPostgresDatabase();
    const { out, failure } = await run(check, {}, { HEADGATE_DATABASE_URL: database.url });
    expect(out).toMatch(/^FAIL +secret key +HEADGATE_SECRET_KEY is required/m);
    expect(out).toMatch(/^ok +database +PostgreSQL, .*the next start applies \d+ migrations?/m);
    expect(failure).toBe("One check failed.");
    expect(await withDatabase((storage) => storage.pendingMigrations(), database.url)).not.toEqual([]);
    await createDatabase("http://127.0.0.1:9", new Secret(envKey), database.url);
    const later = await run(check, {}, { HEADGATE_DATABASE_URL: database.url, HEADGATE_SECRET_KEY: envKey });
    expect(later.out).toMatch(/^ok +database +PostgreSQL, [^;]*$/m);
    await database.drop();
  });

  test("a database that is away fails without its password", async () => {
    const url = "postgres://me:canary-password@127.0.0.1:9/headgate";
    const { out } = await run(check, {}, { HEADGATE_DATABASE_URL: url, HEADGATE_SECRET_KEY: envKey });
    expect(out).toMatch(/^FAIL +database +PostgreSQL, 127\.0\.0\.1:9\/headgate: The database can't be reached/m);
  });
});

describe("rotate-secret", () => {
  const keyFile = () => join(dataDir, "secret.key");

  async function storedKey(secretKey: Secret): Promise<string> {
    return withDatabase(async (storage) => {
      await checkSecretKeyId(storage, new Cipher(secretKey));
      const row = await storage.endpoints.get("ep_1");
      return new Cipher(secretKey).decrypt(row?.api_key_ciphertext as string, "endpoint:ep_1:api_key");
    });
  }

  test("with a key file: a generated key takes its place, and everything stored fits it", async () => {
    await createDatabase();
    const before = readFileSync(keyFile(), "utf8");
    writeFileSync(join(dataDir, "snapshot.enc"), "under the old key");
    const { out, err, failure } = await run(rotateSecret, {});
    expect(failure).toBeNull();
    expect(out).toContain("1 provider key was");
    const after = readSecretKeyFile(keyFile()) as Secret;
    expect(after.expose()).not.toBe(before.trim());
    expect(out + err).not.toContain(after.expose());
    expect(await storedKey(after)).toBe(providerKey);
    expect(statSync(keyFile()).mode & 0o777).toBe(0o600);
    expect(existsSync(`${keyFile()}.new`)).toBe(false);
    expect(existsSync(join(dataDir, "snapshot.enc"))).toBe(false);
    const { rows } = await withDatabase((storage) => storage.audit.page({}, { limit: 10 }));
    const actor = { actor_kind: "system", actor_name: "command line" };
    const keyIds = [new Secret(before.trim()), after].map((key) => new Cipher(key).keyId);
    expect(rows).toMatchObject([{ ...actor, action: "secret_key.rotate", before: `{"key_id":"${keyIds[0]}"}` }]);
    expect(JSON.parse(rows[0]?.after ?? "")).toEqual({ key_id: keyIds[1], provider_keys: 1 });
  });

  test("bodies of requests that are kept fit the new key, however many there are", async () => {
    await createDatabase();
    const old = new Cipher(readSecretKeyFile(keyFile()) as Secret);
    const ids = Array.from({ length: 120 }, (_, index) => `req_${index}`);
    const rows = ids.map((id) =>
      requestBodyRow({ request_id: id, request_body: old.encrypt(id, bodyContext(id, "request")), response_body: null }),
    );
    await withDatabase((storage) => storage.requestBodies.insert(rows));
    expect((await run(rotateSecret, {})).failure).toBeNull();
    const cipher = new Cipher(readSecretKeyFile(keyFile()) as Secret);
    const now = await withDatabase((storage) => storage.requestBodies.after("", 1000));
    expect(now).toHaveLength(ids.length);
    for (const { request_id: id, request_body: text, response_body: none } of now) {
      expect([cipher.decrypt(text as string, bodyContext(id, "request")), none]).toEqual([id, null]);
    }
  });

  test("the key of an endpoint that was deleted, and may be restored, fits the new key", async () => {
    await createDatabase();
    await withDatabase(async (storage) => {
      for (const endpoint of await storage.endpoints.all()) {
        await keepDeleted(storage, endpoint, Date.now());
        await storage.endpoints.delete(endpoint.id);
      }
    });
    expect((await run(rotateSecret, {})).failure).toBeNull();
    const cipher = new Cipher(readSecretKeyFile(keyFile()) as Secret);
    const [one, two] = await withDatabase(async ({ deletedEndpoints }) =>
      Promise.all(["ep_1", "ep_2"].map((id) => deletedEndpoints.get(id))),
    );
    const ciphertext = deletedContentOf(one as DeletedEndpointRow).endpoint.api_key_ciphertext as string;
    expect(cipher.decrypt(ciphertext, "endpoint:ep_1:api_key")).toBe(providerKey);
    expect(deletedContentOf(two as DeletedEndpointRow).endpoint).toMatchObject({ name: "two", api_key_ciphertext: null });
  });

  test("with a key in the environment: HEADGATE_NEW_SECRET_KEY takes its place, and no file is made", async () => {
    await createDatabase(undefined, new Secret(envKey));
    const next = "fedcba9876543210fedcba9876543210";
    const env = { HEADGATE_SECRET_KEY: envKey };
    expect((await run(rotateSecret, {}, env)).failure).toMatch(/HEADGATE_NEW_SECRET_KEY/);
    expect((await run(rotateSecret, {}, { ...env, HEADGATE_NEW_SECRET_KEY: envKey })).failure).toMatch(/the one in use/);
    expect((await run(rotateSecret, {}, { ...env, HEADGATE_NEW_SECRET_KEY: next })).failure).toBeNull();
    expect(await storedKey(new Secret(next))).toBe(providerKey);
    expect(existsSync(keyFile())).toBe(false);
    expect(existsSync(`${keyFile()}.new`)).toBe(false);
  });

  test("a wrong present key changes nothing", async () => {
    await createDatabase(undefined, new Secret(envKey));
    const env = { HEADGATE_SECRET_KEY: `${envKey}x`, HEADGATE_NEW_SECRET_KEY: "fedcba9876543210fedcba9876543210" };
    expect((await run(rotateSecret, {}, env)).failure).toMatch(/encrypted under secret key [0-9a-f]{8}, but the one given is/);
    expect(await storedKey(new Secret(envKey))).toBe(providerKey);
  });

  test("a failure half way leaves key and database as they were", async () => {
    await createDatabase();
    const before = readSecretKeyFile(keyFile()) as Secret;
    await withDatabase((storage) => storage.endpoints.update("ep_2", { api_key_ciphertext: "v1.damaged" }));
    expect((await run(rotateSecret, {})).failure).toMatch(/endpoint two can't be decrypted/);
    expect(readSecretKeyFile(keyFile())?.expose()).toBe(before.expose());
    expect(existsSync(`${keyFile()}.new`)).toBe(false);
    expect(await storedKey(before)).toBe(providerKey);
    expect(await withDatabase((storage) => storage.audit.page({}, { limit: 10 }))).toMatchObject({ rows: [] });
  });

  test("while a server holds the data directory it is refused", async () => {
    await createDatabase();
    const lock = await lockDataDir(dataDir);
    expect((await run(rotateSecret, {})).failure).toMatch(/in use/);
    await lock.release();
    expect((await run(rotateSecret, {})).failure).toBeNull();
  });

  test("killed before the database changed: the waiting key is dropped", async () => {
    await createDatabase();
    const before = readSecretKeyFile(keyFile()) as Secret;
    for (const waiting of [`${"f".repeat(64)}\n`, "", "cut off"]) {
      writeFileSync(`${keyFile()}.new`, waiting);
      await withDatabase((storage) => finishRotation(storage, dataDir));
      expect(existsSync(`${keyFile()}.new`)).toBe(false);
      expect(await storedKey(readSecretKeyFile(keyFile()) as Secret)).toBe(providerKey);
      expect(readSecretKeyFile(keyFile())?.expose()).toBe(before.expose());
    }
  });

  test("killed after the database changed: the waiting key takes its place", async () => {
    await createDatabase();
    copyFileSync(keyFile(), join(cwd, "old.key"));
    await run(rotateSecret, {});
    renameSync(keyFile(), `${keyFile()}.new`);
    copyFileSync(join(cwd, "old.key"), keyFile());
    await withDatabase((storage) => finishRotation(storage, dataDir));
    expect(existsSync(`${keyFile()}.new`)).toBe(false);
    expect(await storedKey(readSecretKeyFile(keyFile()) as Secret)).toBe(providerKey);
  });

  test("a waiting key that nobody can place is kept", async () => {
    await createDatabase();
    writeFileSync(`${keyFile()}.new`, "e".repeat(64));
    writeFileSync(keyFile(), "f".repeat(64));
    await withDatabase((storage) => finishRotation(storage, dataDir));
    expect(readFileSync(`${keyFile()}.new`, "utf8")).toBe("e".repeat(64));
  });
});
