// What the repositories of sessions, one-time links and the audit log do, for every engine.
import { describe, expect, test } from "vitest";
import { newId } from "../core/ids.ts";
import type { OneTimeLinkRow, SessionRow } from "./ports/accounts.ts";
import type { AuditRow } from "./ports/audit.ts";
import { allPages, userRow, violation } from "./rows.contract.ts";
import type { ContractDatabase } from "./storage.contract.ts";

const now = 1_800_000_000_000;

function sessionRow(userId: string, changes: Partial<SessionRow> = {}): SessionRow {
  const id = newId("ses");
  const seen = { created_at: now, last_seen_at: now, expires_at: now + 1000 };
  return {
    id,
    digest: `digest of ${id}`,
    user_id: userId,
    method: "password",
    address: null,
    user_agent: null,
    ...seen,
    ...changes,
  };
}

function linkRow(changes: Partial<OneTimeLinkRow> = {}): OneTimeLinkRow {
  return { digest: newId("ses"), purpose: "password", user_id: null, created_at: now, expires_at: now + 1000, ...changes };
}

function auditRow(changes: Partial<AuditRow> = {}): AuditRow {
  const actor = { actor_kind: "user", actor_id: "usr_1", actor_name: "Ada", address: "192.0.2.1", request_id: "req_1" };
  const resource = { resource_kind: "key", resource_id: "key_1", resource_name: "ci", before: null, after: '{"name":"ci"}' };
  return { id: newId("aud"), at: now, ...actor, action: "key.create", ...resource, ...changes };
}

export function accountsContract(database: ContractDatabase): void {
  describe("sessions", () => sessionsContract(database));
  describe("one-time links", () => linksContract(database));
  describe("the audit log", () => auditContract(database));
  describe("accounts", () => localAccountsContract(database));
}

function sessionsContract(database: ContractDatabase): void {
  test("are found by their digest with their user, until they expire or the user is disabled or gone", async () => {
    const { users, sessions } = database.storage;
    const user = userRow();
    await users.insert(user);
    const row = sessionRow(user.id, { address: "192.0.2.1", user_agent: "Browser/1" });
    await sessions.insert(row);
    expect(await sessions.findByDigest(row.digest, now + 999)).toEqual({ session: row, user });
    expect(await sessions.findByDigest(row.digest, now + 1000)).toBeNull();
    expect(await sessions.findByDigest("another", now)).toBeNull();
    await users.update(user.id, { disabled_at: now });
    expect(await sessions.findByDigest(row.digest, now)).toBeNull();
    await users.update(user.id, { disabled_at: null });
    await users.delete(user.id);
    expect(await sessions.get(row.id)).toBeNull();
  });

  test("are listed newest first, of one user or of all, without those that have expired, each once", async () => {
    const { users, sessions } = database.storage;
    const [one, other] = [userRow(), userRow()];
    for (const user of [one, other]) await users.insert(user);
    const own = Array.from({ length: 5 }, (_, index) =>
      sessionRow(one.id, { created_at: now + (index >> 1), expires_at: now + 5000 }),
    );
    for (const row of own) await sessions.insert(row);
    const expired = sessionRow(one.id, { expires_at: now + 1 });
    const foreign = sessionRow(other.id, { expires_at: now + 5000 });
    for (const row of [expired, foreign]) await sessions.insert(row);
    const pages = await allPages((request) => sessions.page({ userId: one.id, nowMs: now + 1 }, request), 2);
    expect(pages.map((page) => page.length)).toEqual([2, 2, 1]);
    const sorted = own.toSorted((a, b) => b.created_at - a.created_at || (a.id < b.id ? 1 : -1));
    expect(pages.flat()).toEqual(sorted);
    const all = (await sessions.page({ nowMs: now + 1 }, { limit: 1000 })).rows.map(({ id }) => id);
    expect(all).toEqual(expect.arrayContaining([...own.map(({ id }) => id), foreign.id]));
    expect(all).not.toContain(expired.id);
  });

  test("end one by one, all of a user but one, or when they have expired", async () => {
    const { users, sessions } = database.storage;
    const user = userRow();
    await users.insert(user);
    const rows = [sessionRow(user.id), sessionRow(user.id), sessionRow(user.id), sessionRow(user.id, { expires_at: now - 10 })];
    for (const row of rows) await sessions.insert(row);
    const [first, second] = rows as [SessionRow, SessionRow];
    expect([await sessions.delete(first.id), await sessions.delete(first.id)]).toEqual([true, false]);
    await sessions.setLastSeen(second.id, now + 60_000, now + 70_000);
    expect(await sessions.get(second.id)).toMatchObject({ last_seen_at: now + 60_000, expires_at: now + 70_000 });
    expect(await sessions.deleteExpired(now - 10)).toBe(1);
    expect(await sessions.deleteOfUser(user.id, second.id)).toBe(1);
    expect(await sessions.deleteOfUser(user.id)).toBe(1);
  });

  test("of a user end but for the newest, those of others stay", async () => {
    const { users, sessions } = database.storage;
    const [user, other] = [userRow(), userRow()];
    for (const row of [user, other]) await users.insert(row);
    const rows = [2, 1, 3, 3].map((time) => sessionRow(user.id, { created_at: now + time }));
    const foreign = sessionRow(other.id, { created_at: now });
    for (const row of [...rows, foreign]) await sessions.insert(row);
    expect([await sessions.keepNewest(user.id, 4), await sessions.keepNewest(user.id, 2)]).toEqual([0, 2]);
    const left = await Promise.all([...rows, foreign].map(({ id }) => sessions.get(id)));
    expect(left.map((row) => row !== null)).toEqual([false, false, true, true, true]);
  });
}

function linksContract(database: ContractDatabase): void {
  test("are taken once, for their purpose, before they expire", async () => {
    const { oneTimeLinks } = database.storage;
    const row = linkRow();
    await oneTimeLinks.insert(row);
    expect(await oneTimeLinks.take(row.digest, "setup", now)).toBeNull();
    expect(await oneTimeLinks.find(row.digest, "setup", now)).toBeNull();
    expect(await oneTimeLinks.find(row.digest, "password", now + 1000)).toBeNull();
    expect(await oneTimeLinks.find(row.digest, "password", now + 999)).toEqual(row);
    const taken = await Promise.all([1, 2, 3].map(() => oneTimeLinks.take(row.digest, "password", now)));
    expect(taken.filter((each) => each !== null)).toEqual([row]);
    const late = linkRow();
    await oneTimeLinks.insert(late);
    expect(await oneTimeLinks.take(late.digest, "password", now + 1000)).toBeNull();
    expect(await oneTimeLinks.take(late.digest, "password", now)).toBeNull();
  });

  test("go with their user, with a newer one, and when they have expired", async () => {
    const { users, oneTimeLinks } = database.storage;
    const user = userRow();
    await users.insert(user);
    const rows = [linkRow({ user_id: user.id }), linkRow({ purpose: "setup" }), linkRow({ expires_at: now - 100 })];
    for (const row of rows) await oneTimeLinks.insert(row);
    const [ofUser, setup, old] = rows as [OneTimeLinkRow, OneTimeLinkRow, OneTimeLinkRow];
    await oneTimeLinks.deleteOf("setup", null);
    expect(await oneTimeLinks.take(setup.digest, "setup", now)).toBeNull();
    expect(await oneTimeLinks.deleteExpired(now - 100)).toBe(1);
    expect(await oneTimeLinks.take(old.digest, "password", now - 200)).toBeNull();
    await users.delete(user.id);
    expect(await oneTimeLinks.take(ofUser.digest, "password", now)).toBeNull();
  });
}

function auditContract(database: ContractDatabase): void {
  test("is read newest first, by who, what, on what and when, each row once", async () => {
    const { audit } = database.storage;
    const actor = newId("usr");
    const rows = Array.from({ length: 7 }, (_, index) =>
      auditRow({
        actor_id: actor,
        at: now + (index >> 1),
        action: index % 2 === 0 ? "key.create" : "model.update",
        resource_kind: index % 2 === 0 ? "key" : "model",
        resource_id: `res_${index % 3}`,
      }),
    );
    for (const row of rows) await audit.insert(row);
    const newestFirst = rows.toSorted((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1));
    const read = async (filter: object) =>
      (await allPages((request) => audit.page({ actorId: actor, ...filter }, request), 2)).flat().map(({ id }) => id);
    const those = (keep: (row: AuditRow) => boolean) => newestFirst.filter(keep).map(({ id }) => id);
    expect(await read({})).toEqual(those(() => true));
    expect((await audit.page({ actorId: actor }, { limit: 1 })).rows).toEqual(newestFirst.slice(0, 1));
    expect(await read({ action: "key.create" })).toEqual(those(({ action }) => action === "key.create"));
    expect(await read({ action: "model" })).toEqual(those(({ resource_kind }) => resource_kind === "model"));
    expect(await read({ resourceId: "res_1" })).toEqual(those(({ resource_id }) => resource_id === "res_1"));
    expect(await read({ fromMs: now + 1, toMs: now + 3 })).toEqual(those(({ at }) => at >= now + 1 && at < now + 3));
    expect(await audit.deleteBefore(now + 1)).toBeGreaterThanOrEqual(2);
    expect(await read({})).toEqual(those(({ at }) => at >= now + 1));
  });
}

function localAccountsContract(database: ContractDatabase): void {
  test("have an address each, however it is written; users of a provider may share it", async () => {
    const { users } = database.storage;
    const email = `Ada.${newId("p")}@Example.test`;
    const ada = userRow({ email });
    await users.insert(ada);
    expect(await users.getByEmail(email.toLowerCase())).toEqual(ada);
    expect(await users.getByEmail(`x${email}`)).toBeNull();
    expect(await violation(users.insert(userRow({ email: email.toUpperCase() })))).toBe("user_email");
    await users.insert(userRow({ email, source: "globus", subject: newId("p") }));
    expect((await users.getByEmail(email))?.id).toBe(ada.id);
  });

  test("of a role are counted, but for those that are disabled", async () => {
    const { users } = database.storage;
    const role = newId("p");
    for (const disabled_at of [null, null, now]) await users.insert(userRow({ role, disabled_at }));
    expect(await users.countOfRole(role)).toBe(2);
  });
}
