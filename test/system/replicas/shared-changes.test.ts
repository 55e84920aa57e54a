// Two Headgates on one PostgreSQL are one to their callers, administrators and open pages: what changes at one holds at the other.
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Browser } from "../../support/browser.ts";
import { createPostgresDatabase } from "../../support/database.ts";
import { listenToEvents } from "../../support/event-listener.ts";
import { eventually } from "../../support/eventually.ts";
import { type Headgate, type HeadgateOptions, startHeadgate } from "../../support/headgate.ts";
import { startManifestServer } from "../../support/manifest-server.ts";
import { loginClient, startOidcLogin } from "../../support/oidc-login.ts";
import { type Provider, startProvider } from "../../support/provider.ts";
import { quickestMs } from "../../support/quickest.ts";
import { signIn } from "../../support/signed-in.ts";

let provider: Provider;
beforeAll(async () => {
  provider = await startProvider();
});
afterAll(() => provider.close());

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  provider.reset();
});

async function newDatabase(): Promise<string> {
  const database = await createPostgresDatabase();
  cleanUps.push(() => database.drop());
  return database.url;
}

async function start(databaseUrl: string, options: HeadgateOptions = {}): Promise<Headgate> {
  const headgate = await startHeadgate({ ...options, env: { HEADGATE_DATABASE_URL: databaseUrl, ...options.env } });
  cleanUps.push(() => headgate.stop());
  return headgate;
}

/** Both know of one another. */
async function startTwo(options: HeadgateOptions = {}): Promise<[Headgate, Headgate]> {
  const url = await newDatabase();
  const pair: [Headgate, Headgate] = [await start(url, options), await start(url, options)];
  await knowOneAnother(pair);
  return pair;
}

async function knowOneAnother(headgates: readonly Headgate[]): Promise<void> {
  for (const each of headgates) {
    await eventually(async () => (await replicasOf(each)).filter(({ is_gone }) => !is_gone).length === headgates.length);
  }
}

async function replicasOf(headgate: Headgate): Promise<{ id: string; is_self: boolean; is_gone: boolean; holds: string[] }[]> {
  return (await headgate.admin("GET", "/system")).body.replicas;
}

async function metric(headgate: Headgate, name: string): Promise<number> {
  const response = await fetch(`${headgate.url}/metrics`, { headers: { authorization: `Bearer ${headgate.adminToken}` } });
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(await response.text())?.[1]);
}

const statusOf = async (headgate: Headgate, key: string, model = "m"): Promise<number> => {
  const response = await fetch(`${headgate.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model, messages: [] }),
  });
  await response.arrayBuffer();
  return response.status;
};

/** How long after now the first check began that found it so, ms. */
async function timeUntil(check: () => Promise<boolean>): Promise<number> {
  const startedAt = performance.now();
  return eventually(
    async () => {
      const beganAt = performance.now();
      return (await check()) && Math.max(1, beganAt - startedAt);
    },
    { everyMs: 10 },
  );
}

const works = ["manifests", "probes", "retention", "synchronizations", "usage days"];

/** Resolves when all work that is done on schedule is somebody's, and nobody else's; each takes it up in its own time. */
async function allWorkIsHeld(headgate: Headgate): Promise<void> {
  let held: string[] = [];
  await eventually(
    async () => {
      held = (await replicasOf(headgate)).flatMap(({ holds }) => holds).sort();
      return held.length >= works.length;
    },
    { what: () => `all work in ${held}` },
  );
  expect(held).toEqual(works);
}

test("five that start at once on an empty database all come up: one has made the tables, the seeds and the first link", async () => {
  provider.models = ["m"];
  const url = await newDatabase();
  const key = "key-of-the-config-file-0123456789";
  const endpoints = [{ name: "prod", url: `${provider.url}/v1`, sync_interval: 0 }];
  const config = { endpoints, keys: [{ name: "caller", key }] };
  const five = await Promise.all(Array.from({ length: 5 }, () => start(url, { config })));
  expect(five.filter(({ setupLink }) => setupLink !== null)).toHaveLength(1);
  for (const each of five) {
    expect(await eventually(async () => (await statusOf(each, key)) === 200)).toBe(true);
    expect(each.logText()).not.toContain('"level":"error"');
  }
  await knowOneAnother(five);
  const [first] = five as [Headgate];
  const names = async (path: string) => (await first.admin("GET", path)).body.data.map(({ name }: { name: string }) => name);
  expect(await names("/endpoints")).toEqual(["prod"]);
  expect((await names("/keys")).sort()).toEqual(["caller", "first administrator"]);
  await allWorkIsHeld(first);
  // Whoever comes later, while the one that printed it lives, prints no other, which would take its place.
  expect((await start(url, { config })).setupLink).toBeNull();
}, 90_000);

test("a key, a model, a group's grant and their end hold at the other within a second, without reading everything again", async () => {
  provider.models = ["m", "other"];
  const [a, b] = await startTwo();
  await a.addEndpoint({ name: "prod", url: `${provider.url}/v1` });
  // Nobody gets anything from being there.
  await a.admin("PATCH", "/groups/grp_everyone", { models: [] });
  const group = (await a.admin("POST", "/groups", { name: "team", models: ["m"] })).body;
  let granted = "m";
  const keys: { id: string; key: string }[] = [];
  const made = async () => {
    const { id, key } = (await a.admin("POST", "/keys", { name: "k", group_id: group.id })).body;
    keys.push({ id, key });
    return timeUntil(async () => (await statusOf(b, key, granted)) === 200);
  };
  expect(await quickestMs(1000, made)).toBeLessThan(1000);
  const key = keys[0]?.key as string;
  expect(await statusOf(b, key, "other")).toBe(404);
  const reloads = await metric(b, "headgate_snapshot_full_reloads");

  const changed = async () => {
    granted = granted === "m" ? "other" : "m";
    await a.admin("PATCH", `/groups/${group.id}`, { models: [granted] });
    return timeUntil(async () => (await statusOf(b, key, granted)) === 200);
  };
  expect(await quickestMs(1000, changed)).toBeLessThan(1000);
  expect(await statusOf(b, key, granted === "m" ? "other" : "m")).toBe(404);
  // Made at the one, taken back at the other.
  const ended = async () => {
    if (keys.length === 0) await made();
    const taken = keys.pop() as { id: string; key: string };
    await b.admin("DELETE", `/keys/${taken.id}`);
    expect(await statusOf(b, taken.key, granted)).toBe(401);
    return timeUntil(async () => (await statusOf(a, taken.key, granted)) === 401);
  };
  expect(await quickestMs(1000, ended)).toBeLessThan(1000);
  expect(await metric(b, "headgate_snapshot_full_reloads")).toBe(reloads);
  expect(await metric(a, "headgate_replicas")).toBe(2);
});

test("with thousands of keys, edits ten times a second at one make the other read no more than what was edited", async () => {
  const [a, b] = await startTwo();
  const made: string[] = [];
  for (let left = 2000; left > 0; left -= 20) {
    const batch = await Promise.all(Array.from({ length: 20 }, () => a.admin("POST", "/keys", { name: "k" })));
    made.push(...batch.map(({ body }) => body.id));
  }
  const versionOf = async (headgate: Headgate) => (await headgate.admin("GET", "/system")).body.snapshot.version;
  await eventually(async () => (await versionOf(a)) === (await versionOf(b)));
  const before = [await metric(a, "headgate_snapshot_full_reloads"), await metric(b, "headgate_snapshot_full_reloads")];
  for (let edit = 0; edit < 50; edit++) {
    const editor = edit % 2 === 0 ? a : b;
    const { status } = await editor.admin("PATCH", `/keys/${made[edit]}`, { name: `edited ${edit}` });
    expect(status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await eventually(async () => (await versionOf(a)) === (await versionOf(b)));
  expect([await metric(a, "headgate_snapshot_full_reloads"), await metric(b, "headgate_snapshot_full_reloads")]).toEqual(before);
}, 90_000);

test("pages that are open at one are told what changes at the other, usage included", async () => {
  provider.models = ["m"];
  const [a, b] = await startTwo();
  const listener = await listenToEvents(`${b.url}/admin/api/v1/events`, { authorization: `Bearer ${b.adminToken}` });
  cleanUps.push(() => listener.close());
  const told = (topic: string) =>
    eventually(() => listener.topics().has(topic), { what: () => `${topic} of ${[...listener.topics()]}` });
  await a.addEndpoint({ name: "prod", url: `${provider.url}/v1` });
  await told("endpoints");
  await told("audit");
  const key = await a.createKey();
  await told("keys");
  await eventually(async () => (await statusOf(a, key)) === 200);
  await told("usage");
  // However many calls there are, once a second.
  const before = listener.events.length;
  const usage = () => listener.events.slice(before).filter(({ topics }) => topics.includes("usage"));
  const startedAt = Date.now();
  while (Date.now() < startedAt + 3000) await statusOf(a, key);
  await eventually(() => usage().length >= 1, { what: "usage" });
  expect(usage().length).toBeLessThanOrEqual((Date.now() - startedAt) / 1000 + 2);
});

test("who is signed in at one is so at the other, until the session is ended at either", async () => {
  const [a, b] = await startTwo();
  const person = await signIn(a);
  const whoami = (headgate: Headgate) => fetch(`${headgate.url}/admin/api/v1/whoami`, { headers: person.headers });
  expect((await whoami(b)).status).toBe(200);
  // The token against forged requests is good everywhere too.
  const changed = await fetch(`${b.url}/admin/api/v1/keys`, {
    method: "POST",
    headers: { ...person.headers, "content-type": "application/json" },
    body: JSON.stringify({ name: "k" }),
  });
  expect(changed.status).toBe(201);
  const ended = await fetch(`${b.url}/admin/api/v1/sessions/current`, { method: "DELETE", headers: person.headers });
  expect(ended.status).toBe(204);
  expect((await whoami(a)).status).toBe(401);
});

test("a sign-in at an OpenID provider that begins at one may end at the other", async () => {
  const issuer = await startOidcLogin();
  cleanUps.push(() => issuer[Symbol.asyncDispose]());
  const oidc = [{ issuer: issuer.url, audience: "headgate", client_id: loginClient.id, client_secret: loginClient.secret }];
  const [a, b] = await startTwo({ config: { identity: { oidc } } });
  const callback = "/admin/api/v1/sign-in/oidc/0/callback";
  await issuer.register({ redirectUris: [a.url + callback] });
  issuer.claims.set("ada", { name: "Ada", email: "ada@uni.test", email_verified: true });
  const browser = new Browser();
  const visits = await browser.follow(`${a.url}/admin/api/v1/sign-in/oidc/0`, (next) => next.startsWith(a.url + callback));
  // A balancer sends it to the other one, with the cookie.
  const back = visits.at(-1)?.location?.replace(a.url, b.url) as string;
  const cookie = [...browser.cookiesOf(a.url)].map(([name, value]) => `${name}=${value}`).join("; ");
  const ended = await fetch(back, { redirect: "manual", headers: { cookie } });
  const session = ended.headers.getSetCookie().find((each) => each.startsWith("headgate_session=")) ?? "";
  for (const each of [a, b]) {
    const headers = { cookie: session.split(";", 1)[0] as string };
    const whoami = await fetch(`${each.url}/admin/api/v1/whoami`, { headers });
    expect(await whoami.json()).toMatchObject({ kind: "user", name: "Ada" });
  }
});

test("a response made at one is found at the other at once", async () => {
  provider.models = ["m"];
  const [a, b] = await startTwo();
  await a.addEndpoint({ name: "prod", url: `${provider.url}/v1` });
  const key = await a.createKey();
  await eventually(async () => (await statusOf(b, key)) === 200);
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  for (let round = 0; round < 3; round++) {
    const made = await fetch(`${a.url}/v1/responses`, {
      method: "POST",
      headers,
      body: JSON.stringify({ model: "m", input: "hi" }),
    });
    expect(made.status).toBe(200);
    const { id } = (await made.json()) as { id: string };
    const read = await fetch(`${b.url}/v1/responses/${id}`, { headers });
    expect(read.status).toBe(200);
  }
  const startedAt = performance.now();
  const unknown = await fetch(`${b.url}/v1/responses/resp_nobody`, { headers });
  expect(unknown.status).toBe(404);
  expect(performance.now() - startedAt).toBeLessThan(4000);
});

test("a manifest is asked for by one, and both show how it is", async () => {
  const server = await startManifestServer();
  cleanUps.push(() => server.close());
  const config = { manifests: [{ name: "metis", url: server.url, interval: "1s" }] };
  const [a, b] = await startTwo({ config });
  const [other, leader] = (await replicasOf(a)).find(({ is_self }) => is_self)?.holds.includes("manifests") ? [b, a] : [a, b];
  const stateOf = async (headgate: Headgate) => (await headgate.admin("GET", "/manifests")).body.data[0];
  const freshness = async () => Date.parse((await stateOf(other)).last_success_at ?? "1970-01-01T00:00:00Z");
  const first = await freshness();
  await eventually(async () => (await freshness()) > first + 1500, { timeoutMs: 15_000 });
  // One of both asks: hardly more than once a second in all.
  const before = server.requests.length;
  const startedAt = Date.now();
  await new Promise((resolve) => setTimeout(resolve, 3000));
  expect(server.requests.length - before).toBeLessThanOrEqual((Date.now() - startedAt) / 1000 + 2);
  await server.setUp(false);
  for (const each of [leader, other]) {
    await eventually(async () => {
      const ready = (await (await fetch(`${each.url}/readyz`)).json()) as { reasons: { part: string }[] };
      return (await stateOf(each)).last_error !== null && ready.reasons.some(({ part }) => part === "manifest:metis");
    });
  }
  await server.setUp(true);
  for (const each of [leader, other]) {
    await eventually(async () => {
      const ready = (await (await fetch(`${each.url}/readyz`)).json()) as { status: string };
      return (await stateOf(each)).last_error === null && ready.status === "ready";
    });
  }
});

test("one probes, and both know what came of it", async () => {
  provider.models = ["m"];
  const [a, b] = await startTwo();
  const probe = { kind: "models", interval: "1s", timeout: "500ms" };
  await a.addEndpoint({ name: "prod", url: `${provider.url}/v1`, probe });
  const is = async (headgate: Headgate, status: string) => {
    const { data } = (await headgate.admin("GET", "/models")).body;
    return data[0]?.deployments[0]?.health.status === status;
  };
  for (const each of [a, b]) await eventually(() => is(each, "healthy"), { timeoutMs: 15_000 });
  const before = provider.requests.length;
  const startedAt = Date.now();
  await new Promise((resolve) => setTimeout(resolve, 3000));
  expect(provider.requests.length - before).toBeLessThanOrEqual((Date.now() - startedAt) / 1000 + 1.5);
  await provider.stop();
  cleanUps.push(() => provider.start());
  for (const each of [a, b]) await eventually(() => is(each, "benched"), { timeoutMs: 15_000, what: "a benched deployment" });
});

test("one endpoint synchronised at both at once is synchronised one after the other, and nothing is there twice", async () => {
  provider.models = ["m1", "m2", "m3"];
  const [a, b] = await startTwo();
  const endpoint = await a.addEndpoint({ name: "prod", url: `${provider.url}/v1` });
  provider.models = ["m1", "m4", "m5"];
  for (let round = 0; round < 5; round++) {
    const runs = await Promise.all([a, b, a, b].map((each) => each.admin("POST", `/endpoints/${endpoint.id}/synchronize`)));
    expect(runs.map(({ status, body }) => [status, body.status])).toEqual(Array.from({ length: 4 }, () => [200, "ok"]));
  }
  for (const each of [a, b]) {
    const { data } = (await each.admin("GET", "/models")).body;
    const active = data.filter(({ status }: { status: string }) => status === "active").map(({ name }: { name: string }) => name);
    expect(active.sort()).toEqual(["m1", "m4", "m5"]);
  }
});

test("the System page names both, what each does, and the one that left no more", async () => {
  const [a, b] = await startTwo();
  await allWorkIsHeld(a);
  const ofA = await replicasOf(a);
  expect(ofA.map(({ is_self }) => is_self).sort()).toEqual([false, true]);
  const holder = ofA.find(({ holds }) => holds.length > 0)?.is_self ? a : b;
  const heir = holder === a ? b : a;
  await holder.app.stop();
  const startedAt = Date.now();
  await eventually(async () => {
    const left = await replicasOf(heir);
    return left.length === 1 && left[0]?.holds.length === works.length;
  });
  // At once, not when it would have expired: after ten seconds.
  expect(Date.now() - startedAt).toBeLessThan(8000);
});

test("a file that was exported at one is given out by the other, and gone from both when it is removed", async () => {
  provider.models = ["m"];
  const [a, b] = await startTwo();
  for (let index = 0; index < 5; index++) await a.createKey({ name: `key ${index}` });
  const made = await a.admin("POST", "/exports", { kind: "audit", format: "json" });
  expect(made.status).toBe(202);
  const path = `/exports/${made.body.id}`;
  await eventually(async () => (await b.admin("GET", path)).body.status === "done");
  const [ofA, ofB] = [await a.admin("GET", `${path}/file`), await b.admin("GET", `${path}/file`)];
  expect([ofA.status, ofB.status]).toEqual([200, 200]);
  expect(ofB.body.length).toBeGreaterThanOrEqual(5);
  expect(ofB.body).toEqual(ofA.body);
  expect((await b.admin("DELETE", path)).status).toBe(204);
  for (const each of [a, b]) expect((await each.admin("GET", `${path}/file`)).status).toBe(404);
});
