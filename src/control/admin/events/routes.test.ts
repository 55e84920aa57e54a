// Events over real sockets: who is told of what, by which changes, and when a stream ends.
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type AdminApiUnderTest, adminToken, startAdminApi } from "../../../../test/support/admin-api.ts";
import { type EventListenerUnderTest, listenToEvents } from "../../../../test/support/event-listener.ts";
import { eventually } from "../../../../test/support/eventually.ts";
import { type Person, peopleOfAllRoles, person } from "../../../../test/support/people.ts";
import { systemClock } from "../../../core/clock.ts";
import { topics } from "../../../domain/topics.ts";
import { csrfToken, newSessionSecret, sessionDigest } from "../../accounts/session-secret.ts";
import { topicsOfRequest } from "../../events/changed-topics.ts";
import { EventHub } from "../../events/event-hub.ts";

let api: AdminApiUnderTest;
let events: EventHub;
beforeEach(async () => {
  events = new EventHub({ clock: systemClock });
  api = await startAdminApi({ events });
  return () => api.close();
});

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function listen(headers: Record<string, string> = bearer(adminToken), query = ""): Promise<EventListenerUnderTest> {
  const listener = await listenToEvents(`${api.url}/events${query}`, headers);
  onTestFinished(() => listener.close());
  return listener;
}

/** Another session of a person; with its cookie. */
async function sessionOf({ id: userId }: Pick<Person, "id">) {
  const secret = newSessionSecret();
  const [id, nowMs] = [`ses_${secret}`, Date.now()];
  await api.storage.sessions.insert({
    id,
    digest: sessionDigest(secret),
    user_id: userId,
    method: "password",
    address: null,
    user_agent: null,
    created_at: nowMs,
    last_seen_at: nowMs,
    expires_at: nowMs + 3_600_000,
  });
  return { id, headers: { cookie: `headgate_session=${secret}`, "x-csrf-token": csrfToken(secret) } };
}

test("a stream opens at once, and no proxy keeps it back", async () => {
  const { status, headers, text } = await listen();
  expect(status).toBe(200);
  expect(headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  expect(headers.get("cache-control")).toContain("no-store");
  expect(headers.get("x-accel-buffering")).toBe("no");
  expect(headers.get("x-request-id")).toMatch(/^req_/);
  await eventually(() => text().startsWith("retry: "));
});

describe("a change through the API", () => {
  test("is told by the topic of what was changed, and of the audit log; never what it is", async () => {
    const listener = await listen();
    const made = await api.call("POST", "/keys", { name: "a-name-that-is-nobody's-business" });
    await eventually(() => listener.topics().has("keys") && listener.topics().has("audit"));
    await api.call("POST", "/groups", { name: "physics" });
    await eventually(() => listener.topics().has("groups"));
    await api.call("DELETE", `/keys/${made.body.id}`);
    await eventually(() => listener.events.filter((each) => each.topics.includes("keys")).length === 2);
    expect(listener.text()).not.toMatch(/nobody's|key_|sk-/);
    for (const block of listener.text().split("\n\n").slice(1, -1)) {
      expect(block).toMatch(/^(:|event: change\ndata: \{"topics":\["\w+"(,"\w+")*\]\})$/);
    }
  });

  test("is not told when it was refused, or was none", async () => {
    const listener = await listen();
    await api.call("POST", "/keys", { nothing: "of this name" });
    await api.call("GET", "/keys");
    await api.call("POST", "/explain", { model: "m" });
    await api.call("DELETE", "/keys/nothing");
    // What comes after those is told, and alone.
    await api.call("POST", "/groups", { name: "physics" });
    await eventually(() => listener.events.length > 0);
    expect([...listener.topics()].sort()).toEqual(["audit", "groups", "users"]);
  });

  test("a hundred at once are a few events, half a second apart", async () => {
    const listener = await listen();
    const startMs = Date.now();
    await Promise.all(Array.from({ length: 100 }, (_, i) => api.call("POST", "/keys", { name: `key ${i}` })));
    await eventually(() => listener.events.length > 0);
    const before = listener.events.length;
    await api.call("POST", "/groups", { name: "physics" });
    await eventually(() => listener.events.length > before && listener.topics().has("groups"));
    // Events that were sent in time may be read late, two at once: no more came than there was time for. Timers are not exact to the
    // millisecond.
    expect(listener.events.length).toBeLessThanOrEqual(1 + (Date.now() - startMs) / 490);
  });
});

test("every route that changes something has topics", async () => {
  const changesNothing = /^POST \/(explain|endpoints\/validate|playground\/.*)$/;
  const { paths } = (await api.call("GET", "/openapi.json")).body as { paths: Record<string, object> };
  const silent = Object.entries(paths)
    .flatMap(([path, operations]) => Object.keys(operations).map((method) => [method.toUpperCase(), path.slice(13)] as const))
    .filter(([method, path]) => method !== "GET" && topicsOfRequest(method, path).length === 0)
    .map((route) => route.join(" "));
  expect(silent.length).toBeGreaterThan(0);
  expect(silent.filter((route) => !changesNothing.test(route))).toEqual([]);
});

describe("which topics", () => {
  test("are those whose things the role may read", async () => {
    const people = await peopleOfAllRoles(api);
    const told: Record<string, string[]> = {};
    for (const each of people) {
      const listener = await listen((await sessionOf(each)).headers);
      events.publish(...topics);
      told[each.role] = [...(await eventually(() => listener.events[0])).topics].sort();
    }
    const ofMembers = ["configuration", "exports", "groups", "keys", "models", "prices", "sessions", "usage", "users"];
    const ofOperators = [...ofMembers, "endpoints", "health", "manifests", "system"].sort();
    expect(told).toEqual({
      administrator: [...topics].sort(),
      operator: ofOperators,
      group_manager: ofMembers,
      member: ofMembers,
      auditor: [...topics].sort(),
    });
  });

  test("can be chosen; what is none is refused", async () => {
    const listener = await listen(undefined, "?topics=keys,usage");
    events.publish(...topics);
    expect((await eventually(() => listener.events[0])).topics.sort()).toEqual(["keys", "usage"]);
    for (const query of ["?topics=nothing", "?topics=", "?topics=keys,", "?other=1"]) {
      expect([query, (await api.call("GET", `/events${query}`)).status]).toEqual([query, 422]);
    }
  });

  test("a choice reaches no further than the role", async () => {
    const member = await person(api, "member");
    const listener = await listen((await sessionOf(member)).headers, "?topics=audit,system,keys");
    events.publish(...topics);
    expect((await eventually(() => listener.events[0])).topics).toEqual(["keys"]);
  });
});

describe("a stream ends", () => {
  let member: Person;
  let session: Awaited<ReturnType<typeof sessionOf>>;
  let listener: EventListenerUnderTest;
  beforeEach(async () => {
    member = await person(api, "member");
    session = await sessionOf(member);
    listener = await listen(session.headers);
  });

  const still = () => eventually(() => listener.isOver, { what: "the end of the stream" });

  test("when its session does", async () => {
    await api.call("DELETE", `/sessions/${session.id}`);
    await still();
  });

  test("when its user signs out", async () => {
    await api.call("DELETE", "/sessions/current", undefined, { token: null, headers: session.headers });
    await still();
  });

  test.each([{ disabled: true }, { role: "operator" }])("when its user is changed: %o", async (patch) => {
    expect((await api.call("PATCH", `/users/${member.id}`, patch)).status).toBe(200);
    await still();
  });

  test("when its user is deleted", async () => {
    expect((await api.call("DELETE", `/users/${member.id}`)).status).toBeLessThan(300);
    await still();
  });

  test("when the installation does", async () => {
    events.close();
    await still();
    expect((await api.call("GET", "/events")).body.error.code).toBe("draining");
  });

  test("when the database can't say any more who it is for", async () => {
    api.setDatabase(false);
    events.publish("users");
    await still();
  });

  test("and not because somebody else's does", async () => {
    const other = await person(api, "member", "another");
    const theirs = await sessionOf(other);
    await api.call("DELETE", `/sessions/${theirs.id}`);
    await api.call("PATCH", `/users/${other.id}`, { disabled: true });
    await eventually(() => listener.events.length > 0);
    await api.call("PATCH", `/users/${member.id}`, { name: "still the same" });
    const before = listener.events.length;
    events.publish("keys");
    await eventually(() => listener.events.length > before);
    expect(listener.isOver).toBe(false);
  });
});

test("the stream of a key ends with the key", async () => {
  // The harness's own look-up forgets no key: what the data plane would say is said here.
  let isRevoked = false;
  const revocable = await startAdminApi({
    events,
    authenticate: () => (isRevoked ? "unknown" : { kind: "admin", keyId: "key_1", keyName: "a key", userId: null }),
  });
  onTestFinished(() => revocable.close());
  const listener = await listenToEvents(`${revocable.url}/events`, bearer("any"));
  onTestFinished(() => listener.close());
  isRevoked = true;
  events.publish("keys");
  await eventually(() => listener.isOver);
});

test("nobody is told without saying who they are", async () => {
  for (const options of [{ token: null }, { token: "unknown" }, { token: null, headers: { cookie: "headgate_session=none" } }]) {
    expect((await api.call("GET", "/events", undefined, options)).status).toBe(401);
  }
});

test("an eleventh stream of one user is refused, whichever way they ask; one that ends makes room", async () => {
  const member = await person(api, "member");
  const { headers } = await sessionOf(member);
  const listeners: EventListenerUnderTest[] = [];
  for (let i = 0; i < 10; i++) listeners.push(await listen(i % 2 === 0 ? headers : (await sessionOf(member)).headers));
  for (const way of ["session", "key"] as const) {
    const refused = await member.call("GET", "/events", undefined, way);
    expect([refused.status, refused.body.error.code]).toEqual([429, "too_many_streams"]);
    expect(refused.headers.get("retry-after")).toBe("10");
  }
  await listen();
  listeners[0]?.close();
  await eventually(async () => (await listen(headers)).status === 200);
});

test("a stream does not count as use of its session", async () => {
  const member = await person(api, "member");
  const { id, headers } = await sessionOf(member);
  const before = await api.storage.sessions.get(id);
  const listener = await listen(headers);
  await api.storage.sessions.setLastSeen(id, Date.now() - 600_000, before?.expires_at as number);
  const idle = await api.storage.sessions.get(id);
  events.publish("users");
  await eventually(() => listener.events.length > 0);
  expect(await api.storage.sessions.get(id)).toEqual(idle);
});
