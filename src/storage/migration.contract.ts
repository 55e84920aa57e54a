// What migrating means, for every engine.
import { join } from "node:path";
import { type Kysely, sql } from "kysely";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createPostgresDatabase, temporaryDirectory } from "../../test/support/database.ts";
import { everyoneGroupId } from "../domain/everyone.ts";
import { DatabaseTooNew, migrate } from "./migrate.ts";
import { migrations } from "./migrations/index.ts";
import type { Migration } from "./migrations/migration.ts";
import { openStorage } from "./open-storage.ts";
import type { Engine, Storage } from "./ports/storage.ts";
import { postgresDatabase } from "./postgres.ts";
import type { Database } from "./schema/database.ts";
import { sqliteDatabase } from "./sqlite.ts";
import { SqliteClient } from "./sqlite-client.ts";

export function migrationContract(engine: Engine): void {
  describe("migrating", () => {
    let location: { databaseUrl: string | null; dataDir: string };
    let remove: () => Promise<void>;
    beforeEach(async () => {
      const directory = await temporaryDirectory();
      const database = engine === "postgres" ? await createPostgresDatabase() : null;
      location = { databaseUrl: database?.url ?? null, dataDir: directory.path };
      remove = async () => {
        await database?.drop();
        await directory.remove();
      };
    });
    afterEach(() => remove());

    async function using<T>(work: (storage: Storage) => Promise<T>): Promise<T> {
      const storage = await openStorage(location);
      try {
        return await work(storage);
      } finally {
        await storage.close();
      }
    }

    async function directly(work: (db: Kysely<Database>) => Promise<unknown>): Promise<void> {
      const { databaseUrl, dataDir } = location;
      const file = { path: join(dataDir, "headgate.db"), busyTimeoutMs: 2000, statementTimeoutMs: 10_000 };
      const db =
        databaseUrl === null ? sqliteDatabase(new SqliteClient(file)) : postgresDatabase({ connectionString: databaseUrl });
      try {
        await work(db);
      } finally {
        await db.destroy();
      }
    }

    test("makes an empty database with version 0 and the group everyone", () =>
      using(async (storage) => {
        await storage.migrate();
        expect(await storage.meta.configVersion()).toBe(0);
        const everyone = await storage.groups.get(everyoneGroupId);
        expect(everyone).toMatchObject({ id: "grp_everyone", name: "everyone", models: '["*"]', version: 1 });
        expect(await storage.groups.all()).toEqual([everyone]);
        expect(await storage.groups.get("grp_other")).toBeNull();
      }));

    test("a second time changes nothing", () =>
      using(async (storage) => {
        await storage.migrate();
        await storage.meta.bumpConfigVersion();
        await storage.migrate();
        expect(await storage.meta.configVersion()).toBe(1);
      }));

    test("a database of the first version keeps what it has, with nothing set that is new", async () => {
      const first = migrations.slice(0, 1);
      expect(first.map(({ name }) => name)).toEqual(["0001-initial"]);
      await directly(async (db) => {
        await migrate(db, engine, first);
        await sql`insert into models (id, name, kind, created_at, updated_at, version) values ('mdl_1', 'old', 'pool', 1, 2, 3)`.execute(
          db,
        );
        await sql`insert into endpoints (id, name, url, dialect, headers, query, models, aliases, sync_interval_ms, timeouts, weight, origin, created_at, updated_at, version)
          values ('ep_1', 'one', 'http://one.test', 'openai', '{}', '{}', '"all"', '{}', 0, '{"idleMs":9}', 4, 'admin', 1, 2, 3)`.execute(
          db,
        );
        await sql`insert into deployments (id, endpoint_id, model_id, upstream_model, source, status, since, created_at, updated_at)
          values ('dep_1', 'ep_1', 'mdl_1', 'old', 'discovered', 'active', 1, 1, 1)`.execute(db);
      });
      await using(async (storage) => {
        expect(await storage.pendingMigrations()).toEqual(migrations.slice(1).map(({ name }) => name));
        await storage.migrate();
        const unset = {
          strategy: null,
          max_attempts: null,
          hedge: null,
          timeouts: "{}",
          disabled_at: null,
          groups: null,
          limits: null,
        };
        const times = { created_at: 1, updated_at: 2, version: 3 };
        expect(await storage.models.all()).toEqual([{ id: "mdl_1", name: "old", kind: "pool", ...unset, ...times }]);
        expect(await storage.endpoints.all()).toMatchObject([
          { id: "ep_1", timeouts: '{"idleMs":9}', weight: 4, probe: null, version: 3 },
        ]);
        expect(await storage.deployments.all()).toMatchObject([{ id: "dep_1", model_id: "mdl_1" }]);
        expect(await storage.modelTargets.all()).toEqual([]);
        expect(await storage.responses.find("resp_1")).toBeNull();
      });
    });

    test("a database from before users and manifests keeps what it has, open to whom it was open", async () => {
      const before = migrations.slice(0, 3);
      expect(before.at(-1)?.name).toBe("0003-responses");
      const times = { created_at: 1, updated_at: 2, version: 3 };
      const endpoint = { id: "ep_1", name: "one", url: "http://one.test", dialect: "openai", origin: "admin", weight: 4 };
      const settings = {
        headers: "{}",
        query: "{}",
        models: '"all"',
        aliases: "{}",
        sync_interval_ms: 0,
        timeouts: '{"idleMs":9}',
      };
      const model = { id: "mdl_1", name: "old", kind: "pool", strategy: "weighted" };
      const group = { id: "grp_1", name: "team", models: '["gpt-*"]' };
      const key = { id: "key_1", name: "k", prefix: "sk-hg-abc", digest: "d", group_id: "grp_1", scopes: "[]", origin: "admin" };
      const response = { id: "resp_1", endpoint_id: "ep_1", model: "old", owner: "user:usr_1", created_at: 1 };
      await directly(async (db) => {
        await migrate(db, engine, before);
        // With the columns of that time alone.
        const old = db as unknown as Kysely<Record<string, Record<string, string | number>>>;
        await old
          .insertInto("endpoints")
          .values({ ...endpoint, ...settings, ...times })
          .execute();
        await old
          .insertInto("models")
          .values({ ...model, ...times })
          .execute();
        await old
          .insertInto("groups")
          .values({ ...group, ...times })
          .execute();
        await old
          .insertInto("keys")
          .values({ ...key, user_id: "usr_nobody", ...times })
          .execute();
        await old.insertInto("responses").values(response).execute();
      });
      await using(async (storage) => {
        expect(await storage.pendingMigrations()).toEqual(migrations.slice(3).map(({ name }) => name));
        await storage.migrate();
        expect(await storage.pendingMigrations()).toEqual([]);
        const [everyone, team] = await storage.groups.all();
        expect(everyone).toMatchObject({ id: everyoneGroupId, models: '["*"]', source: null, external_id: null, limits: null });
        expect(team).toEqual({ ...group, ...times, source: null, external_id: null, limits: null, bodies: null });
        const ofManifest = { groups: null, manifest_id: null, manifest_key: null };
        expect(await storage.endpoints.get("ep_1")).toMatchObject({ ...endpoint, ...settings, ...times, ...ofManifest });
        expect(await storage.models.get("mdl_1")).toMatchObject({ ...model, ...times, groups: null, limits: null });
        expect(await storage.keys.get("key_1")).toMatchObject({ ...key, ...times, user_id: "usr_nobody", limits: null });
        expect(await storage.responses.find("resp_1")).toEqual({ ...response, deployment_id: null });
        expect([await storage.users.all(), await storage.groups.members(), await storage.manifests.all()]).toEqual([[], [], []]);
      });
    });

    test("processes that start at once apply everything once", async () => {
      const storages = await Promise.all(Array.from({ length: 4 }, () => openStorage(location)));
      await Promise.all(storages.map((storage) => storage.migrate()));
      expect(await storages[0]?.groups.all()).toHaveLength(1);
      await Promise.all(storages.map((storage) => storage.close()));
    });

    test("opening alone does not migrate", () =>
      using((storage) => expect(storage.meta.configVersion()).rejects.toThrow(/meta/)));

    test("refuses a database that a newer program has migrated, and leaves it alone", async () => {
      await using((storage) => storage.migrate());
      await directly((db) => sql`insert into schema_migrations values ('9999-from-the-future', 1)`.execute(db));
      await using(async (storage) => {
        const refused = await storage.migrate().catch((error: unknown) => error);
        expect(refused).toBeInstanceOf(DatabaseTooNew);
        expect(String(refused)).toContain("9999-from-the-future");
        expect(String(refused)).toContain("newer version");
        expect(await storage.meta.configVersion()).toBe(0);
      });
    });

    test("a migration that fails leaves nothing behind, and those before it in place", async () => {
      const failing: Migration = {
        name: "9998-fails",
        async up(db) {
          await sql`create table half_done (id text)`.execute(db);
          throw new Error("on purpose");
        },
      };
      await directly(async (db) => {
        await expect(migrate(db, engine, [...migrations, failing])).rejects.toThrow("on purpose");
        await expect(sql`select * from half_done`.execute(db)).rejects.toThrow(/half_done/);
      });
      await using(async (storage) => {
        await storage.migrate();
        expect(await storage.meta.configVersion()).toBe(0);
      });
    });
  });
}
