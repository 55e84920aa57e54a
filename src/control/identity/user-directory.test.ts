// Callers who prove themselves with tokens, as rows in a real database: made once, kept in step, never in each other's way.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type TestDatabase, testDatabase } from "../../../test/support/database.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { createFakeClock, type FakeClock } from "../../../test/support/fake-clock.ts";
import type { Logger } from "../../core/logger.ts";
import { groupIdOf, type ProvenIdentity, userIdOf } from "../../domain/identity.ts";
import { openStorage } from "../../storage/open-storage.ts";
import { StorageUnavailable } from "../../storage/ports/errors.ts";
import type { Storage } from "../../storage/ports/storage.ts";
import type { PeopleChange } from "./people-change.ts";
import { UserDirectory, type UserDirectoryOptions } from "./user-directory.ts";

const source = "https://issuer.test";
const minuteMs = 60_000;

let database: TestDatabase;
let storage: Storage | null;
let clock: FakeClock;
let changes: PeopleChange[];
let logged: string[];
let directory: UserDirectory;

beforeEach(async () => {
  database = await testDatabase("sqlite");
  storage = database.storage;
  clock = createFakeClock();
  changes = [];
  logged = [];
  directory = newDirectory();
});
afterEach(async () => {
  await directory.stop();
  await database.remove();
});

function newDirectory(options: Partial<UserDirectoryOptions> = {}): UserDirectory {
  const write = (fields: object, message: string) => void logged.push(`${message} ${JSON.stringify(fields)}`);
  const log: Logger = { debug: write, info: write, warn: write, error: write };
  return new UserDirectory({ storage: () => storage, clock, log, onChanged: (change) => void changes.push(change), ...options });
}

/** `groups`: their external ids, which are their names too. */
function person(subject: string, groups: string[] | null = null, more: Partial<ProvenIdentity> = {}): ProvenIdentity {
  return {
    userId: userIdOf(source, subject),
    source,
    subject,
    username: `${subject}@uni.test`,
    name: subject.toUpperCase(),
    email: null,
    groups: groups?.map((id) => ({ externalId: id, name: id })) ?? null,
    idpId: null,
    idpName: null,
    authService: "oidc",
    issuedAtMs: null,
    expiresAtMs: null,
    ...more,
  };
}

async function see(...identities: ProvenIdentity[]): Promise<void> {
  for (const identity of identities) directory.seen(identity);
  await directory.flush();
}

const userRow = (subject: string) => database.storage.users.get(userIdOf(source, subject));

/** Names of the groups that someone is in, with who says so. */
async function groupsOf(subject: string): Promise<string[]> {
  const rows = await database.storage.groups.groupsOf(userIdOf(source, subject));
  const names = await database.storage.groups.names(rows.map(({ group_id }) => group_id));
  return rows.map(({ group_id, source: says }) => `${names.get(group_id)} by ${says}`).sort();
}

const version = () => database.storage.meta.configVersion();

describe("first sight", () => {
  it("makes the user and its groups under the ids that are computed, and says so once", async () => {
    const before = await version();
    await see(person("ann", ["physics", "chemistry"], { email: "ann@uni.test" }));
    expect(await userRow("ann")).toEqual({
      id: userIdOf(source, "ann"),
      name: "ANN",
      username: "ann@uni.test",
      email: "ann@uni.test",
      role: "member",
      source,
      subject: "ann",
      primary_group_id: null,
      limits: null,
      last_seen_at: clock.nowMs(),
      password_hash: null,
      disabled_at: null,
      created_at: clock.nowMs(),
      updated_at: clock.nowMs(),
      version: 1,
    });
    expect(await database.storage.groups.get(groupIdOf(source, "physics"))).toMatchObject({
      name: "physics",
      models: "[]",
      source,
      external_id: "physics",
    });
    expect(await groupsOf("ann")).toEqual([`chemistry by ${source}`, `physics by ${source}`]);
    expect(changes).toEqual([{ userIds: [userIdOf(source, "ann")], groupsChanged: true, mayShutOut: false }]);
    expect(await version()).toBe(before + 1);
  });

  it("is written in the background, sights that come together once", async () => {
    for (let sight = 0; sight < 50; sight++) directory.seen(person("ann", ["physics"]));
    expect(await userRow("ann")).toBeNull();
    await clock.advance(20);
    await directory.flush();
    expect(await userRow("ann")).not.toBeNull();
    expect(changes).toHaveLength(1);
  });

  it("gives a user a name whatever the provider says, and a group one that nobody has", async () => {
    const { groups } = database.storage;
    const wild = { name: " ", username: "a\u0000b\n", email: null };
    const other = "11111111-2222-3333-4444-555555555555";
    await see(
      person("x", null, wild),
      person("y", [], { name: null, username: null }),
      person("z", [], {
        groups: [
          { externalId: "1", name: "everyone" },
          { externalId: "2", name: "staff" },
          { externalId: "3", name: "staff" },
          { externalId: "4", name: other },
          { externalId: "5", name: "grp_everyone" },
          { externalId: other, name: other },
          { externalId: "6", name: "" },
        ],
      }),
    );
    expect([await userRow("x"), await userRow("y")]).toMatchObject([{ name: "a b", username: "a b" }, { name: "y" }]);
    const names = (await groups.all())
      .filter((group) => group.source !== null)
      .map(({ external_id, name }) => [external_id, name]);
    expect(Object.fromEntries(names)).toEqual({
      "1": `everyone (${source})`,
      "2": expect.stringMatching(/^staff/),
      "3": expect.stringMatching(/^staff/),
      "4": `${other} (${source})`,
      "5": `grp_everyone (${source})`,
      "6": "6",
      [other]: other,
    });
    expect(new Set(names.map(([, name]) => name)).size).toBe(7);
    const before = changes.length;
    await clock.advance(6 * minuteMs);
    await see(person("x", null, wild));
    expect(changes).toHaveLength(before);
  });
});

describe("what a token says of groups", () => {
  it("takes effect for its own user alone, the loss of the last one included", async () => {
    await see(person("ann", ["physics", "chemistry"]), person("bob", ["physics", "chemistry"]));
    await see(person("ann", ["chemistry", "biology"]));
    expect(await groupsOf("ann")).toEqual([`biology by ${source}`, `chemistry by ${source}`]);
    expect(await groupsOf("bob")).toEqual([`chemistry by ${source}`, `physics by ${source}`]);
    await see(person("ann", []));
    expect(await groupsOf("ann")).toEqual([]);
    expect(await groupsOf("bob")).toEqual([`chemistry by ${source}`, `physics by ${source}`]);
    expect(changes.slice(1)).toEqual([
      { userIds: [userIdOf(source, "ann")], groupsChanged: true, mayShutOut: true },
      { userIds: [userIdOf(source, "ann")], groupsChanged: false, mayShutOut: true },
    ]);
  });

  it("is left as it was by a token that says nothing of them", async () => {
    await see(person("ann", ["physics"]));
    directory.forget();
    await see(person("ann", null));
    expect(await groupsOf("ann")).toEqual([`physics by ${source}`]);
    directory.seen(person("bob", ["physics"]));
    await see(person("bob", null));
    expect(await groupsOf("bob")).toEqual([`physics by ${source}`]);
  });

  it("is not undone by an older token that is still good, however often it is shown", async () => {
    await see(person("ann", ["physics"], { issuedAtMs: 1000 }));
    await see(person("ann", [], { issuedAtMs: 2000 }));
    await see(person("ann", ["physics"], { issuedAtMs: 1000 }));
    expect(await groupsOf("ann")).toEqual([]);
    await see(person("ann", ["chemistry"], { issuedAtMs: 3000 }));
    expect(await groupsOf("ann")).toEqual([`chemistry by ${source}`]);
  });

  it("never ends what an administrator said", async () => {
    await see(person("ann", ["physics"]));
    const { groups } = database.storage;
    const userId = userIdOf(source, "ann");
    await groups.addMember({ group_id: groupIdOf(source, "physics"), user_id: userId, source: "admin", created_at: 1 });
    await see(person("ann", []));
    expect(await groupsOf("ann")).toEqual(["physics by admin"]);
  });

  it("finds the group that an administrator set up before, and leaves it as it is", async () => {
    const { groups } = database.storage;
    const id = groupIdOf(source, "physics");
    const row = { id, name: "Physicists", models: '["gpt-*"]', source, external_id: "physics", limits: null, bodies: null };
    await groups.insert({ ...row, created_at: 1, updated_at: 1, version: 1 });
    await see(person("ann", ["physics"]));
    expect(await groupsOf("ann")).toEqual([`Physicists by ${source}`]);
    expect(await groups.get(id)).toMatchObject({ ...row, version: 1 });
    expect(changes).toEqual([{ userIds: [userIdOf(source, "ann")], groupsChanged: false, mayShutOut: false }]);
  });
});

describe("a user who comes again", () => {
  it("is not written while nothing has changed, but for when it was seen, every 5 minutes", async () => {
    const ann = person("ann", ["physics"]);
    await see(ann);
    const firstMs = clock.nowMs();
    const before = await version();
    let opened = 0;
    await directory.stop();
    directory = newDirectory({
      storage: () => {
        opened++;
        return storage;
      },
    });
    await see(ann); // by a process that has not met it
    expect(opened).toBe(1);
    for (const passedMs of [minuteMs, 3 * minuteMs]) {
      await clock.advance(passedMs);
      await see({ ...ann, groups: [...(ann.groups ?? [])] }, person("ann", null));
    }
    expect(opened).toBe(1);
    expect((await userRow("ann"))?.last_seen_at).toBe(firstMs);
    await clock.advance(minuteMs);
    await see(ann);
    expect(await userRow("ann")).toMatchObject({ last_seen_at: clock.nowMs(), version: 1 });
    expect([changes.length, await version()]).toEqual([1, before]);
  });

  it("has the name that its provider says now, and what administrators decided", async () => {
    await see(person("ann"));
    const { users } = database.storage;
    const decided = { role: "auditor", primary_group_id: "grp_everyone", limits: '{"requests_per_second":1}' };
    await users.update(userIdOf(source, "ann"), decided);
    const before = await version();
    await see(person("ann", null, { email: "ann@new.test" }));
    expect([await version(), changes.length]).toEqual([before, 1]); // the data plane knows no addresses
    await see(person("ann", null, { name: "Ann B.", email: "ann@new.test" }));
    expect(await userRow("ann")).toMatchObject({ ...decided, name: "Ann B.", email: "ann@new.test" });
    expect([await version(), changes.length]).toEqual([before + 1, 2]);
  });

  it("is made again when an administrator deleted it: at once where the directory is told, else within 5 minutes", async () => {
    const ann = person("ann", ["physics"]);
    const userId = userIdOf(source, "ann");
    await see(ann);
    await database.storage.users.delete(userId);
    await database.storage.groups.delete(groupIdOf(source, "physics"));
    directory.forget([userId]);
    await see(ann);
    expect(await groupsOf("ann")).toEqual([`physics by ${source}`]);
    await database.storage.users.delete(userId);
    await clock.advance(5 * minuteMs);
    await see(ann);
    expect(await groupsOf("ann")).toEqual([`physics by ${source}`]);
  });
});

describe("trouble", () => {
  it("an outage of the database delays rows, with the time at which users were seen", async () => {
    storage = null;
    const seenMs = clock.nowMs();
    directory.seen(person("ann", ["physics"]));
    await clock.advance(10 * minuteMs);
    directory.seen(person("bob"));
    await directory.flush();
    expect(changes).toEqual([]);
    storage = database.storage;
    await clock.advance(10_000);
    await directory.flush();
    expect(await userRow("ann")).toMatchObject({ last_seen_at: seenMs });
    expect(await userRow("bob")).not.toBeNull();
    expect(changes).toEqual([
      { userIds: [userIdOf(source, "ann"), userIdOf(source, "bob")].sort(), groupsChanged: true, mayShutOut: false },
    ]);
    expect(clock.pending).toBe(0);
  });

  it("a database that goes away in the middle loses no one", async () => {
    const real = database.storage;
    let failures = 3;
    storage = {
      ...real,
      transaction: async (work) => {
        if (failures-- > 0) throw new StorageUnavailable("away");
        return real.transaction(work);
      },
    };
    await see(person("ann", ["physics"]), person("bob"));
    directory.seen(person("ann", ["chemistry"]));
    await clock.advance(250 + 500);
    await clock.advance(1000);
    await directory.flush();
    expect(failures).toBe(-1);
    expect(await groupsOf("ann")).toEqual([`chemistry by ${source}`]);
    expect(await userRow("bob")).not.toBeNull();
  });

  it("one user that can't be written keeps no other out, and is not tried at every sight", async () => {
    const real = database.storage;
    const bad = userIdOf(source, "bad");
    let tried = 0;
    storage = {
      ...real,
      transaction: (work) =>
        real.transaction((repositories) =>
          work({
            ...repositories,
            users: {
              ...repositories.users,
              insert: (row) => {
                if (row.id !== bad) return repositories.users.insert(row);
                tried++;
                return Promise.reject(new Error("constraint"));
              },
            },
          }),
        ),
    };
    await see(person("ann"), person("bad"), person("bob"));
    expect([await userRow("ann"), await userRow("bad"), await userRow("bob")]).toMatchObject([
      { name: "ANN" },
      null,
      { name: "BOB" },
    ]);
    expect(logged.filter((line) => line.includes(bad))).toHaveLength(1);
    const triedBefore = tried;
    await see(person("bad"));
    expect(tried).toBe(triedBefore);
  });

  it("more users than may wait are counted, logged once a minute, and written when they come again", async () => {
    directory = newDirectory({ queueMax: 2 });
    storage = null;
    for (const subject of ["a", "b", "c", "d"]) directory.seen(person(subject));
    expect([directory.droppedTotal, logged.length]).toEqual([2, 1]);
    await clock.advance(minuteMs);
    directory.seen(person("e"));
    directory.seen(person("a"));
    expect([directory.droppedTotal, logged.length]).toEqual([3, 2]);
    storage = database.storage;
    await directory.flush();
    await see(person("c"));
    expect((await database.storage.users.all()).map(({ name }) => name)).toEqual(["A", "B", "C"]);
  });

  it("a publication that fails is logged, and what comes after goes on", async () => {
    directory = newDirectory({ onChanged: () => Promise.reject(new Error("not now")) });
    await see(person("ann"));
    await see(person("bob"));
    expect(await userRow("bob")).not.toBeNull();
    expect(logged).toHaveLength(2);
  });

  it("stop writes what waits, gives up after 2 s, and takes no more", async () => {
    directory.seen(person("ann"));
    await directory.stop();
    expect(await userRow("ann")).not.toBeNull();
    directory.seen(person("bob"));
    await directory.flush();
    expect(await userRow("bob")).toBeNull();

    const stuck = newDirectory({ storage: () => ({ ...database.storage, transaction: () => new Promise(() => undefined) }) });
    stuck.seen(person("cid"));
    const stopped = stuck.stop();
    await clock.advance(2000);
    await stopped;
  });
});

it.each(["sqlite", "postgres"] as const)(
  "two directories on one %s database, seeing the same people at once, agree",
  async (engine) => {
    const shared = await testDatabase(engine);
    const second = await openStorage(shared.location);
    const one = newDirectory({ storage: () => shared.storage });
    const other = newDirectory({ storage: () => second });
    try {
      const subjects = Array.from({ length: 250 }, (_, index) => `p${index}`);
      for (const subject of subjects) {
        one.seen(person(subject, ["physics", `group-${subject}`]));
        other.seen(person(subject, ["physics", `group-${subject}`]));
      }
      const rows = () => shared.storage.users.all();
      await eventually(async () => {
        await Promise.all([one.flush(), other.flush()]);
        return (await rows()).length === subjects.length;
      });
      expect((await rows()).map(({ subject }) => subject).sort()).toEqual(subjects.sort());
      const counts = await shared.storage.groups.memberCounts([groupIdOf(source, "physics"), groupIdOf(source, "group-p7")]);
      expect([...counts.values()].sort()).toEqual([1, 250]);
      expect(new Set(changes.flatMap(({ userIds }) => userIds)).size).toBe(250);
      expect(logged).toEqual([]);
    } finally {
      await Promise.all([one.stop(), other.stop()]);
      await second.close();
      await shared.remove();
    }
  },
);
