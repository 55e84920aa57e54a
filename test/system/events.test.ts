// What happens in a whole Headgate reaches open pages: as topics, from wherever it comes.
import { afterEach, expect, test } from "vitest";
import { type EventListenerUnderTest, listenToEvents } from "../support/event-listener.ts";
import { eventually } from "../support/eventually.ts";
import { type Headgate, type HeadgateOptions, startHeadgate } from "../support/headgate.ts";
import { startManifestServer } from "../support/manifest-server.ts";
import { type Provider, startProvider } from "../support/provider.ts";
import { signIn } from "../support/signed-in.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function start(options: HeadgateOptions = {}): Promise<Headgate> {
  const headgate = await startHeadgate(options);
  cleanUps.push(() => headgate.stop());
  return headgate;
}

async function provide(): Promise<Provider> {
  const provider = await startProvider();
  cleanUps.push(() => provider.close());
  provider.models = ["m"];
  return provider;
}

async function listen(headgate: Headgate, topics = ""): Promise<EventListenerUnderTest> {
  const query = topics === "" ? "" : `?topics=${topics}`;
  const headers = { authorization: `Bearer ${headgate.adminToken}` };
  const listener = await listenToEvents(`${headgate.url}/admin/api/v1/events${query}`, headers);
  cleanUps.push(() => listener.close());
  return listener;
}

/** Resolves once all of `topics` have been told. */
const told = (listener: EventListenerUnderTest, ...topics: string[]) =>
  eventually(() => topics.every((topic) => listener.topics().has(topic)), {
    what: () => `one of ${topics}; told were ${[...listener.topics()]}:`,
  });

function chat(headgate: Headgate, key: string): Promise<Response> {
  return fetch(`${headgate.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "m", messages: [] }),
  });
}

test("what is published to the data plane", async () => {
  const headgate = await start();
  const listener = await listen(headgate);
  await headgate.createKey();
  await told(listener, "configuration", "keys", "audit");
  const provider = await provide();
  await headgate.addEndpoint({ name: "prod", url: `${provider.url}/v1` });
  await told(listener, "endpoints", "models");
  await signIn(headgate);
  await told(listener, "users", "sessions");
});

test("usage, once it is in the database, at most once a second", async () => {
  const headgate = await start();
  const provider = await provide();
  await headgate.addEndpoint({ name: "prod", url: `${provider.url}/v1` });
  const key = await headgate.createKey();
  const begunAtMs = performance.now();
  const listener = await listen(headgate, "usage");
  for (let i = 0; i < 30; i++) expect((await chat(headgate, key)).status).toBe(200);
  await told(listener, "usage");
  // Not `/usage`, where a call is once it is over: the first that is told of may still have been under way.
  expect((await headgate.admin("GET", "/requests")).body.data.length).toBeGreaterThan(0);
  await eventually(async () => (await headgate.admin("GET", "/usage")).body.data[0]?.requests === 30);
  // When each was read says little: two that were sent a second apart may be read at once. A timer may be early by 1 ms.
  expect(listener.events.length).toBeLessThanOrEqual(1 + (performance.now() - begunAtMs) / 999);
});

test("the health of deployments: when they fail, and when time has passed", async () => {
  const headgate = await start();
  const provider = await provide();
  await headgate.addEndpoint({ name: "prod", url: `${provider.url}/v1` });
  const key = await headgate.createKey();
  const listener = await listen(headgate, "health");
  // It rests for a second, after which nobody calls: only time tells.
  provider.next({ kind: "answer", status: 429, headers: { "retry-after": "2" }, body: {} }, { times: 100 });
  await chat(headgate, key);
  await told(listener, "health");
  await eventually(() => listener.events.length >= 2, { what: "the end of its rest" });
});

test("manifests that were fetched", async () => {
  const server = await startManifestServer();
  cleanUps.push(() => server.close());
  const headgate = await start();
  await headgate.admin("POST", "/manifests", { name: "metis", url: server.url, interval: "1s" });
  const listener = await listen(headgate, "manifests");
  await eventually(() => listener.events.length >= 3, { what: "the end of three fetches" });
});

test("synchronisations that nobody has asked for", async () => {
  const headgate = await start();
  const provider = await provide();
  const { id } = await headgate.addEndpoint({ name: "prod", url: `${provider.url}/v1`, sync_interval: "1s" });
  const listener = await listen(headgate, "endpoints,models");
  const runs = async () => (await headgate.admin("GET", `/endpoints/${id}/sync-runs`)).body.data as { trigger: string }[];
  await eventually(async () => (await runs()).some(({ trigger }) => trigger === "schedule"));
  await eventually(() => listener.events.length >= 3, { what: "the end of three synchronisations" });
  await told(listener, "endpoints", "models");
});

test("a drain ends streams: nobody waits for them", async () => {
  const headgate = await start({ config: { server: { drain_timeout: "60s" } } });
  const listener = await listen(headgate);
  const begunAtMs = Date.now();
  await headgate.app.drain();
  expect(Date.now() - begunAtMs).toBeLessThan(20_000);
  await eventually(() => listener.isOver);
  expect(listener.topics()).toContain("system");
});

test("the end of a session ends its stream, whichever way it was ended", async () => {
  const headgate = await start();
  const person = await signIn(headgate, { role: "auditor" });
  const listener = await listenToEvents(`${headgate.url}/admin/api/v1/events`, { cookie: person.headers.cookie });
  cleanUps.push(() => listener.close());
  expect(listener.status).toBe(200);
  await headgate.admin("PATCH", `/users/${person.id}`, { role: "member" });
  await eventually(() => listener.isOver);
});
