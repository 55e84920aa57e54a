// Signing in through the admin API: the first administrator, passwords, links, sessions, and the attacks on each.
import { randomBytes, scryptSync } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AdminApiUnderTest, type Answer, startAdminApi } from "../../../../test/support/admin-api.ts";
import { refuseUseOfSessions } from "../../../../test/support/refuse-audit.ts";
import { ShiftedClock } from "../../../../test/support/shifted-clock.ts";
import { newId } from "../../../core/ids.ts";
import { type ProvenIdentity, userIdOf } from "../../../domain/identity.ts";
import type { UserRow } from "../../../storage/ports/people.ts";
import { makePasswordLink, makeSetupLink } from "../../accounts/one-time-link.ts";
import { hashPassword } from "../../accounts/password-hash.ts";
import { sessionDigest } from "../../accounts/session-secret.ts";

const password = "a password of the tests";
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const clock = new ShiftedClock();
let announced: ProvenIdentity | null = null;
let api: AdminApiUnderTest;
let passwordHash: string;
/** Of the same password, at so low a cost that it is soon looked at. */
const quickHash = (() => {
  const salt = randomBytes(16);
  const key = scryptSync(password, salt, 32, { N: 1024, r: 8, p: 1 });
  return `scrypt$1024$8$1$${salt.toString("base64")}$${key.toString("base64")}`;
})();

beforeAll(async () => {
  passwordHash = await hashPassword(password);
  api = await startAdminApi({
    clock,
    addressOf: (request) => String(request.headers["x-test-address"] ?? "192.0.2.1"),
    isSecure: (request) => request.headers["x-test-tls"] === "1",
    signIn: {
      oidc: [],
      client: { ask: () => Promise.reject(new Error("nobody is asked")) },
      hasProxy: true,
      announced: () => announced,
      throttleKey: (address) => address,
    },
  });
});
afterAll(() => api.close());

let users = 0;
async function account(changes: Partial<UserRow> = {}): Promise<UserRow & { email: string }> {
  const row: UserRow = {
    id: newId("usr"),
    name: `user ${users}`,
    email: `user${users++}@example.test`,
    username: null,
    role: "member",
    source: "local",
    subject: null,
    primary_group_id: null,
    limits: null,
    last_seen_at: null,
    password_hash: quickHash,
    disabled_at: null,
    created_at: clock.nowMs(),
    updated_at: clock.nowMs(),
    version: 1,
    ...changes,
  };
  await api.storage.users.insert(row);
  return row as UserRow & { email: string };
}

const anonymous = (method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
  api.call(method, path, body, { token: null, headers });
const signIn = (email: string, given = password, headers: Record<string, string> = {}) =>
  anonymous("POST", "/sessions", { email, password: given }, headers);
const cookieOf = (answer: Answer) => (answer.headers.getSetCookie()[0] as string).split(";")[0] as string;
const code = (answer: Answer) => [answer.status, answer.body?.error?.code];

/** What a browser that is signed in sends. */
async function browser(user: { email: string | null }) {
  const answer = await signIn(user.email as string);
  expect(answer.status).toBe(201);
  const cookie = cookieOf(answer);
  const csrf = answer.body.csrf_token as string;
  return {
    id: answer.body.session_id as string,
    cookie,
    csrf,
    send: (method: string, path: string, body?: object, headers: Record<string, string> = { "x-csrf-token": csrf }) =>
      anonymous(method, path, body, { cookie, ...headers }),
  };
}

describe("the first administrator", () => {
  it("is made with the link of the start, once, and is signed in; the link before it was good no longer", async () => {
    expect((await anonymous("GET", "/sign-in")).body).toEqual({ password: true, setup_required: true, oidc: [], proxy: false });
    const make = () => api.storage.transaction((tx) => makeSetupLink(tx, clock.nowMs()));
    const [former, link] = [await make(), await make()];
    expect(link?.path).toMatch(/^\/dashboard\/setup#[\w-]{43}$/);
    expect(link?.expiresAtMs).toBeLessThanOrEqual(clock.nowMs() + 24 * hourMs);
    const asked = (path: string | undefined, more: object = {}) => {
      return { secret: path?.split("#")[1], name: "Ada", email: "ada@example.test", password, ...more };
    };
    expect(code(await anonymous("POST", "/setup", asked(former?.path)))).toEqual([410, "link_not_valid"]);
    expect(code(await anonymous("POST", "/setup", asked("#guess")))).toEqual([410, "link_not_valid"]);
    for (const [more, field] of [
      [{ password: "too short" }, "password"],
      [{ password: "ada@example.test" }, "password"],
      [{ email: "nobody" }, "email"],
      [{ name: "" }, "name"],
      [{ role: "administrator" }, "role"],
    ] as const) {
      const refused = await anonymous("POST", "/setup", asked(link?.path, more));
      expect([...code(refused), refused.body.error.field]).toEqual([422, "invalid_field", field]);
    }
    const both = await Promise.all([1, 2].map(() => anonymous("POST", "/setup", asked(link?.path))));
    expect(both.map(({ status }) => status).sort()).toEqual([201, 410]);
    const made = both.find(({ status }) => status === 201) as Answer;
    expect(made.body).toMatchObject({
      kind: "user",
      name: "Ada",
      role: "administrator",
      session_id: expect.stringMatching(/^ses_/),
    });
    expect(api.published).toContain(`people ${made.body.user_id}`);
    expect((await anonymous("GET", "/whoami", undefined, { cookie: cookieOf(made) })).body).toEqual(made.body);
    expect(code(await anonymous("POST", "/setup", asked(link?.path)))).toEqual([410, "link_not_valid"]);
    expect(await make()).toBeNull();
    expect((await anonymous("GET", "/sign-in")).body.setup_required).toBe(false);
  });

  it("is made by no link once there is one, and by none that is a day old", async () => {
    const fresh = await startAdminApi({ clock });
    try {
      const make = async () => (await fresh.storage.transaction((tx) => makeSetupLink(tx, clock.nowMs())))?.path.split("#")[1];
      const asked = { name: "Ada", email: "ada@example.test", password };
      const old = await make();
      clock.forward(24 * hourMs);
      expect(code(await fresh.call("POST", "/setup", { ...asked, secret: old }, { token: null }))).toEqual([
        410,
        "link_not_valid",
      ]);
      const secret = await make();
      await fresh.call("POST", "/users", { name: "another way", role: "administrator" });
      expect(code(await fresh.call("POST", "/setup", { ...asked, secret }, { token: null }))).toEqual([410, "link_not_valid"]);
    } finally {
      await fresh.close();
    }
  });
});

describe("signing in", () => {
  it("sets a cookie that no script reads and no other site sends along, and behind TLS one that never leaves TLS", async () => {
    const user = await account();
    const plain = await signIn(user.email.toUpperCase());
    expect(plain.status).toBe(201);
    expect(plain.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^headgate_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=604800$/),
    ]);
    expect(plain.body).toMatchObject({ user_id: user.id, role: "member", csrf_token: expect.stringMatching(/^[\w-]{43}$/) });
    const secure = await signIn(user.email, password, { "x-test-tls": "1" });
    expect(secure.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Host-headgate_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=604800; Secure$/),
    ]);
    // The cookie of the one is none of the other: a site on the same machine can't plant one by plain http.
    const asPlain = cookieOf(secure).replace("__Host-", "");
    expect(code(await anonymous("GET", "/whoami", undefined, { cookie: asPlain, "x-test-tls": "1" }))).toEqual([
      401,
      "missing_key",
    ]);
    expect((await anonymous("GET", "/whoami", undefined, { cookie: cookieOf(secure), "x-test-tls": "1" })).status).toBe(200);
    expect((await api.storage.users.get(user.id))?.last_seen_at).not.toBeNull();
  });

  it("keeps the secret nowhere: not in the database, not in the log", async () => {
    const secret = (await browser(await account())).cookie.split("=")[1] as string;
    expect(await api.storage.sessions.findByDigest(sessionDigest(secret), clock.nowMs())).not.toBeNull();
    const rows = (await api.storage.sessions.page({ nowMs: clock.nowMs() }, { limit: 1000 })).rows;
    expect(JSON.stringify(rows) + api.logged.join("")).not.toContain(secret);
  });

  it("answers alike to an unknown account, a wrong password, a disabled user and one without a password", async () => {
    const [right, disabled, without] = [
      await account(),
      await account({ disabled_at: 1 }),
      await account({ password_hash: null }),
    ];
    const provider = await account({ source: "https://idp.test", subject: "s", password_hash: quickHash });
    const answers = [
      await signIn("nobody@example.test"),
      await signIn(right.email, "another password"),
      await signIn(disabled.email),
      await signIn(without.email),
      await signIn(provider.email),
    ];
    for (const answer of answers) {
      expect(code(answer)).toEqual([401, "invalid_credentials"]);
      expect(answer.body).toEqual(answers[0]?.body);
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
  });

  it("takes as long for an account that there is not as for one that there is", async () => {
    const user = await account({ password_hash: passwordHash });
    const took = async (email: string) => {
      const startedAt = performance.now();
      await signIn(email, "another password", { "x-test-address": "192.0.2.77" });
      return performance.now() - startedAt;
    };
    await took("warm@example.test");
    // In turns, and the quickest of each: what else the machine does makes some slower.
    let [unknown, known] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let round = 0; round < 8 && (round < 3 || unknown / known < 0.4 || unknown / known > 2.5); round++) {
      unknown = Math.min(unknown, await took(`no${round}@example.test`));
      known = Math.min(known, await took(user.email));
    }
    // Looking a row up takes a millisecond, a password hundreds.
    expect(unknown / known).toBeGreaterThan(0.3);
    expect(unknown / known).toBeLessThan(3);
  });

  it("is held back after ten failures, says for how long, and lets the owner in from elsewhere", async () => {
    const user = await account();
    const from = { "x-test-address": "192.0.2.13" };
    const guesses = await Promise.all(
      Array.from({ length: 14 }, (_, index) => signIn(user.email, `guess number ${index}`, from)),
    );
    expect(guesses.filter(({ status }) => status === 401)).toHaveLength(10);
    const refused = guesses.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(4);
    for (const answer of refused) {
      expect(answer.body.error.code).toBe("rate_limit_exceeded");
      const seconds = Number(answer.headers.get("retry-after"));
      expect(seconds).toBeGreaterThan(14 * 60);
      expect(seconds).toBeLessThanOrEqual(15 * 60);
    }
    expect(code(await signIn(user.email, password, from))).toEqual([429, "rate_limit_exceeded"]);
    expect((await signIn(user.email, password, { "x-test-address": "192.0.2.14" })).status).toBe(201);
    clock.forward(15 * minuteMs);
    expect((await signIn(user.email, password, from)).status).toBe(201);
  });

  it("names the fields that are missing, and takes a proxy's word only where one gives it", async () => {
    const empty = await anonymous("POST", "/sessions", {});
    expect([empty.status, empty.body.error.field]).toEqual([422, "email"]);
    expect((await anonymous("POST", "/sessions", { proxy: true, email: "a@b" })).status).toBe(422);
    expect(code(await anonymous("POST", "/sessions", { proxy: true }))).toEqual([401, "invalid_credentials"]);
    announced = {
      userId: userIdOf("proxy", "bea"),
      source: "proxy",
      subject: "bea",
      username: "bea",
      name: "Bea",
      email: null,
      groups: [{ externalId: "physics", name: "physics" }],
      idpId: null,
      idpName: null,
      authService: "proxy",
      issuedAtMs: null,
      expiresAtMs: null,
    };
    try {
      expect((await anonymous("GET", "/sign-in")).body.proxy).toBe(true);
      const answer = await anonymous("POST", "/sessions", { proxy: true });
      expect(answer.status).toBe(201);
      expect(answer.body).toMatchObject({ user_id: announced.userId, name: "Bea", role: "member" });
      expect(api.published.at(-1)).toBe(`people ${announced.userId} groups`);
      await api.storage.users.update(announced.userId, { disabled_at: 1 });
      expect(code(await anonymous("POST", "/sessions", { proxy: true }))).toEqual([401, "invalid_credentials"]);
    } finally {
      announced = null;
    }
  });
});

describe("attacks", () => {
  it("fixation: a secret from before the sign-in is not that of the session, and ends with it", async () => {
    const [mallory, victim] = [await browser(await account()), await account()];
    for (const planted of [mallory.cookie, "headgate_session=chosen-by-the-attacker"]) {
      const answer = await anonymous("POST", "/sessions", { email: victim.email, password }, { cookie: planted });
      expect(answer.status).toBe(201);
      expect(cookieOf(answer)).not.toBe(planted);
      const who = await anonymous("GET", "/whoami", undefined, { cookie: planted });
      expect(code(who)).toEqual([401, "session_ended"]);
    }
  });

  it("every sign-in has a secret of its own", async () => {
    const user = await account();
    const all = [await browser(user), await browser(user), await browser(user)];
    expect(new Set(all.flatMap(({ cookie, csrf }) => [cookie, csrf])).size).toBe(6);
  });

  it("CSRF: no change without the token of this very session", async () => {
    const user = await account();
    const [own, other] = [await browser(user), await browser(user)];
    const body = { current_password: password, password: "another password entirely" };
    const forged: Record<string, string>[] = [
      {},
      { "x-csrf-token": "" },
      { "x-csrf-token": "x".repeat(43) },
      { "x-csrf-token": other.csrf },
    ];
    for (const headers of forged) {
      expect(code(await own.send("PUT", "/password", body, headers))).toEqual([403, "csrf_required"]);
      expect(code(await own.send("DELETE", "/sessions/current", undefined, headers))).toEqual([403, "csrf_required"]);
      expect(code(await own.send("DELETE", `/sessions/${other.id}`, undefined, headers))).toEqual([403, "csrf_required"]);
    }
    expect((await own.send("GET", "/whoami", undefined, {})).body.csrf_token).toBe(own.csrf);
  });

  it("login CSRF: what anybody may post is taken as JSON and from our own pages alone", async () => {
    const user = await account();
    const paths: [string, object][] = [
      ["/sessions", { email: user.email, password }],
      ["/setup", { secret: "s", name: "n", email: "e@x", password }],
      ["/password", { secret: "s", password }],
    ];
    const { host, origin } = new URL(api.url);
    for (const [path, body] of paths) {
      const from = (headers: Record<string, string>) => anonymous("POST", path, body, headers);
      for (const foreign of [
        "https://evil.test",
        "null",
        `https://${host}.evil.test`,
        `http://evil.test@${host}`,
        "file://",
        `http://x.${host}`,
      ]) {
        expect([foreign, ...code(await from({ origin: foreign }))]).toEqual([foreign, 403, "foreign_origin"]);
      }
      expect(code(await from({ "sec-fetch-site": "cross-site" }))).toEqual([403, "foreign_origin"]);
      for (const type of [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "text/plain; application/json",
      ]) {
        expect(code(await from({ "content-type": type }))).toEqual([403, "foreign_origin"]);
      }
      const own = await from({ origin, "content-type": "application/json; charset=utf-8" });
      expect(own.status).not.toBe(403);
    }
  });

  it("floods: from those who are not known yet, no more is read than a form has", async () => {
    const raw = JSON.stringify({ email: "e@x", password, more: "x".repeat(20_000) });
    for (const path of ["/sessions", "/setup", "/password"]) {
      const headers = { "content-type": "application/json" };
      expect([path, ...code(await api.call("POST", path, undefined, { token: null, raw, headers }))]).toEqual([
        path,
        413,
        "body_too_large",
      ]);
    }
  });

  it("an address that no database takes is no address", async () => {
    for (const email of ["a\0@x", "\ud800@x"]) {
      const answer = await signIn(email);
      expect([...code(answer), answer.body.error.field]).toEqual([422, "invalid_field", "email"]);
    }
  });

  it("the public URL is an origin of ours too, whatever host a proxy has sent", async () => {
    const behind = await startAdminApi({ publicUrl: "https://models.example.test" });
    try {
      const post = (origin: string) =>
        behind.call("POST", "/password", { secret: "s", password }, { token: null, headers: { origin } });
      expect(code(await post("https://models.example.test"))).toEqual([410, "link_not_valid"]);
      expect(code(await post("https://example.test"))).toEqual([403, "foreign_origin"]);
    } finally {
      await behind.close();
    }
  });
});

describe("sessions", () => {
  it("end with sign-out, at once and for good, and the cookie is taken back", async () => {
    const signedIn = await browser(await account());
    const out = await signedIn.send("DELETE", "/sessions/current");
    expect(out.status).toBe(204);
    expect(out.headers.getSetCookie()).toEqual(["headgate_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"]);
    expect(code(await signedIn.send("GET", "/whoami"))).toEqual([401, "session_ended"]);
    expect(code(await api.call("DELETE", "/sessions/current"))).toEqual([404, "not_found"]);
  });

  it("end after a day without use, and after a week with it", async () => {
    const user = await account();
    const [idle, used] = [await browser(user), await browser(user)];
    for (let hours = 23; hours < 7 * 24; hours += 23) {
      clock.forward(23 * hourMs);
      expect([hours, (await used.send("GET", "/whoami")).status]).toEqual([hours, 200]);
      if (hours > 23) expect(code(await idle.send("GET", "/whoami"))).toEqual([401, "session_ended"]);
    }
    clock.forward(7 * hourMs);
    expect(code(await used.send("GET", "/whoami"))).toEqual([401, "session_ended"]);
  });

  it("are listed: one's own to members, everybody's to administrators, in pages and by user", async () => {
    const [ada, root] = [await account(), await account({ role: "administrator" })];
    const [first, second, admin] = [await browser(ada), await browser(ada), await browser(root)];
    const own = (await second.send("GET", "/sessions")).body.data;
    expect(own.map(({ id }: { id: string }) => id)).toEqual([second.id, first.id]);
    expect(own[0]).toEqual({
      id: second.id,
      user_id: ada.id,
      user_name: ada.name,
      method: "password",
      address: "192.0.2.1",
      user_agent: "node",
      is_current: true,
      created_at: expect.any(String),
      last_seen_at: expect.any(String),
      expires_at: expect.any(String),
    });
    expect((await second.send("GET", `/sessions?user_id=${root.id}`)).body.data).toEqual([]);
    const all = (await admin.send("GET", "/sessions?limit=1000")).body.data.map(({ id }: { id: string }) => id);
    expect(all).toEqual(expect.arrayContaining([first.id, second.id, admin.id]));
    const ofAda = (await api.call("GET", `/sessions?user_id=${ada.id}&limit=1`)).body;
    expect([ofAda.data[0].id, typeof ofAda.next_cursor]).toEqual([second.id, "string"]);
  });

  it("are good where the database can be read and takes nothing: that they are used goes unnoted", async () => {
    const ada = await browser(await account());
    clock.forward(2 * minuteMs);
    const accept = refuseUseOfSessions(api.dataDir);
    try {
      expect((await ada.send("GET", "/whoami")).status).toBe(200);
    } finally {
      accept();
    }
    const seenMs = (await api.storage.sessions.get(ada.id))?.last_seen_at as number;
    expect(seenMs).toBeLessThan(clock.nowMs() - minuteMs);
    expect((await ada.send("GET", "/whoami")).status).toBe(200);
    expect((await api.storage.sessions.get(ada.id))?.last_seen_at).toBeGreaterThan(seenMs);
  });

  it("are ended by their user or an administrator; to others they are not there", async () => {
    const [ada, bob, root] = [await account(), await account(), await account({ role: "administrator" })];
    const [first, second, foreign, admin] = [await browser(ada), await browser(ada), await browser(bob), await browser(root)];
    expect(code(await foreign.send("DELETE", `/sessions/${first.id}`))).toEqual([404, "not_found"]);
    expect(code(await foreign.send("DELETE", "/sessions/ses_unknown"))).toEqual([404, "not_found"]);
    expect((await second.send("DELETE", `/sessions/${first.id}`)).status).toBe(204);
    expect((await admin.send("DELETE", `/sessions/${second.id}`)).status).toBe(204);
    for (const each of [first, second]) expect(code(await each.send("GET", "/whoami"))).toEqual([401, "session_ended"]);
    const log = (await api.storage.audit.page({ resourceId: second.id }, { limit: 10 })).rows;
    expect(log).toMatchObject([{ action: "session.delete", actor_id: root.id, resource_name: ada.name, address: "192.0.2.1" }]);
  });

  it("and sign-in end when the user is disabled, and come back by themselves no more", async () => {
    const user = await account();
    const signedIn = await browser(user);
    const link = await api.storage.transaction((tx) => makePasswordLink(tx, user, clock.nowMs()));
    const disabled = await api.call("PATCH", `/users/${user.id}`, { disabled: true });
    expect([disabled.status, disabled.body.disabled, disabled.body.has_password]).toEqual([200, true, true]);
    expect(code(await signedIn.send("GET", "/whoami"))).toEqual([401, "session_ended"]);
    expect(code(await signIn(user.email))).toEqual([401, "invalid_credentials"]);
    expect((await api.call("PATCH", `/users/${user.id}`, { disabled: false })).body.disabled).toBe(false);
    expect(code(await signedIn.send("GET", "/whoami"))).toEqual([401, "session_ended"]);
    const reset = await anonymous("POST", "/password", { secret: link.path.split("#")[1], password });
    expect(code(reset)).toEqual([410, "link_not_valid"]);
    expect((await signIn(user.email)).status).toBe(201);
  });
});

describe("passwords", () => {
  const better = "another password entirely";

  it("are changed with the old one, which ends all of the user's sessions and links, and begins a new one", async () => {
    const user = await account();
    const [own, other] = [await browser(user), await browser(user)];
    const change = (current_password: string, next: string) => own.send("PUT", "/password", { current_password, password: next });
    const wrong = await change("not my password", better);
    expect([...code(wrong), wrong.body.error.field]).toEqual([401, "invalid_credentials", "current_password"]);
    const short = await change(password, "short");
    expect([...code(short), short.body.error.field]).toEqual([422, "invalid_field", "password"]);
    expect(code(await change(password, user.email))).toEqual([422, "invalid_field"]);
    const link = await api.storage.transaction((tx) => makePasswordLink(tx, user, clock.nowMs()));
    const changed = await change(password, better);
    expect(changed.status).toBe(200);
    for (const former of [own, other]) expect(code(await former.send("GET", "/whoami"))).toEqual([401, "session_ended"]);
    const cookie = cookieOf(changed);
    expect(cookie).not.toBe(own.cookie);
    expect(changed.body.csrf_token).not.toBe(own.csrf);
    expect((await anonymous("GET", "/whoami", undefined, { cookie })).body).toEqual(changed.body);
    const signOut = (csrf: string) => anonymous("DELETE", "/sessions/current", undefined, { cookie, "x-csrf-token": csrf });
    expect(code(await signOut(own.csrf))).toEqual([403, "csrf_required"]);
    expect((await signOut(changed.body.csrf_token)).status).toBe(204);
    expect(code(await signIn(user.email))).toEqual([401, "invalid_credentials"]);
    expect((await signIn(user.email, better)).status).toBe(201);
    expect(code(await anonymous("POST", "/password", { secret: link.path.split("#")[1], password }))).toEqual([
      410,
      "link_not_valid",
    ]);
    expect(code(await api.call("PUT", "/password", { current_password: password, password: better }))).toEqual([
      403,
      "not_allowed",
    ]);
  });

  it("are not changed by whoever has lost the account meanwhile", async () => {
    const user = await account({ password_hash: passwordHash });
    const thief = await browser(user);
    // Made ahead: it is there long before the thief's two hashes are.
    const reset = await hashPassword("what its user has set by link");
    const theirs = thief.send("PUT", "/password", { current_password: password, password: better });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await api.storage.users.update(user.id, { password_hash: reset });
    expect(code(await theirs)).toEqual([401, "invalid_credentials"]);
    expect((await api.storage.users.get(user.id))?.password_hash).toBe(reset);
  });

  it("that nobody could look at keep nobody out", async () => {
    const user = await account();
    api.setDatabase(false);
    try {
      for (let tried = 0; tried < 12; tried++) expect(code(await signIn(user.email))).toEqual([503, "database_unavailable"]);
    } finally {
      api.setDatabase(true);
    }
    expect((await signIn(user.email)).status).toBe(201);
  });

  it("are guessed in an open browser no more often than at the door", async () => {
    const user = await account();
    const own = await browser(user);
    const guess = (index: number) => own.send("PUT", "/password", { current_password: `guess ${index}`, password: better });
    const guesses = await Promise.all(Array.from({ length: 12 }, (_, index) => guess(index)));
    expect(guesses.filter(({ status }) => status === 429)).toHaveLength(2);
  });

  it("are set with a link that an administrator makes: once, within the hour, the last one alone, ending all sessions", async () => {
    const user = await account({ password_hash: null });
    const make = async () => {
      const answer = await api.call("POST", `/users/${user.id}/password-link`);
      expect(answer.status).toBe(201);
      expect(Date.parse(answer.body.expires_at) - clock.nowMs()).toBeGreaterThan(59 * minuteMs);
      expect(answer.body.link).toMatch(new RegExp(`^${new URL(api.url).origin}/dashboard/password#[\\w-]{43}$`));
      return answer.body.link.split("#")[1] as string;
    };
    const set = (secret: string, next = better) => anonymous("POST", "/password", { secret, password: next });
    const [former, secret] = [await make(), await make()];
    expect(code(await set(former))).toEqual([410, "link_not_valid"]);
    expect(code(await set("guess"))).toEqual([410, "link_not_valid"]);
    expect(code(await set(secret, "short"))).toEqual([422, "invalid_field"]);
    const both = await Promise.all([set(secret), set(secret)]);
    expect(both.map(({ status }) => status).sort()).toEqual([204, 410]);
    const signedIn = await signIn(user.email, better);
    expect(signedIn.status).toBe(201);
    const late = await make();
    clock.forward(hourMs);
    expect(code(await set(late))).toEqual([410, "link_not_valid"]);
    expect((await set(await make(), password)).status).toBe(204);
    expect(code(await anonymous("GET", "/whoami", undefined, { cookie: cookieOf(signedIn) }))).toEqual([401, "session_ended"]);
    const log = JSON.stringify((await api.storage.audit.page({ resourceId: user.id }, { limit: 100 })).rows);
    expect(log).toContain("user.password_link");
    expect(log).toContain("user.reset_password");
    for (const text of [secret, late, password, better, "scrypt"]) expect(log + api.logged.join("")).not.toContain(text);
  });

  it("no link is made for whom it would not help, nor by those who may not", async () => {
    const none = await account({ email: null });
    const disabled = await account({ disabled_at: 1 });
    const provider = await account({ source: "https://idp.test", subject: newId("usr") });
    for (const [user, field] of [
      [none, "email"],
      [disabled, "disabled"],
      [provider, "source"],
    ] as const) {
      const answer = await api.call("POST", `/users/${user.id}/password-link`);
      expect([...code(answer), answer.body.error.field]).toEqual([422, "invalid_field", field]);
    }
    expect(code(await api.call("POST", "/users/usr_unknown/password-link"))).toEqual([404, "not_found"]);
    for (const role of ["operator", "group_manager", "member", "auditor"]) {
      const user = await account({ role });
      const answer = await (await browser(user)).send("POST", `/users/${user.id}/password-link`);
      expect([role, ...code(answer)]).toEqual([role, 403, "not_allowed"]);
    }
  });

  it("an address has one account: a second one is told so", async () => {
    const user = await account();
    const answer = await api.call("POST", "/users", { name: "second", email: user.email.toUpperCase() });
    expect([...code(answer), answer.body.error.field]).toEqual([409, "name_conflict", "email"]);
  });
});
