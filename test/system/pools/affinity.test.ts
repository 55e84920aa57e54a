// The strategy `affinity`: calls of one session go to one deployment, whatever names the session, and keep to it when others go.
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Caller, type CallOptions, callMany, tally } from "../../support/caller.ts";
import { type CountingProvider, startCountingProvider } from "../../support/counting-provider.ts";
import { type Headgate, startHeadgate } from "../../support/headgate.ts";
import { addEndpoint, change, modelNamed, patchModel } from "./pool.ts";

const deployments = 10;
const names = Array.from({ length: deployments }, (_, index) => `d${index}`);

let provider: CountingProvider;
let headgate: Headgate;
let caller: Caller;

beforeAll(async () => {
  provider = await startCountingProvider();
  headgate = await startHeadgate({ logLevel: "warn", workersMax: 1 });
  for (const name of names) await addEndpoint(headgate, name, provider.baseUrl, [name]);
  const targets = names.map((name) => ({ endpoint: name, model: name }));
  await change(headgate, "POST", "/models", { name: "m", strategy: "affinity", targets });
  caller = new Caller(headgate.url, await headgate.createKey());
});
afterAll(async () => {
  await caller?.close();
  await headgate?.stop();
  await provider?.stop();
});
beforeEach(() => provider.forget());

/** Who answered the calls of each session, call by call. */
async function homesOf(
  sessions: number,
  callsEach: number,
  atOnce: number,
  options: (session: number, turn: number) => CallOptions,
) {
  const homes: string[][] = Array.from({ length: sessions }, () => []);
  await callMany(sessions * callsEach, atOnce, async (index) => {
    const session = index % sessions;
    const answer = await caller.call("m", options(session, Math.floor(index / sessions)));
    expect([answer.status, answer.attempts]).toEqual([200, 1]);
    homes[session]?.push(answer.endpoint);
  });
  return homes;
}

/** Of all calls, how many went where most of their session's went. */
function kept(homes: string[][]): number {
  const faithful = homes.map((endpoints) => Math.max(...Object.values(tally(endpoints)))).reduce((sum, count) => sum + count, 0);
  return faithful / homes.flat().length;
}

const bySession = (session: number): CallOptions => ({ headers: { "x-headgate-session": `session-${session}` } });

test("one after the other, every call of a session goes to one deployment, and sessions are spread", async () => {
  // Of 100 sessions, chance leaves a deployment without any in one run of 4,000.
  const homes = await homesOf(200, 3, 1, bySession);
  expect(kept(homes)).toBe(1);
  const spread = tally(homes.map(([home = ""]) => home));
  expect(Object.keys(spread).sort(), JSON.stringify(spread)).toEqual(names);
});

test("with calls side by side, at least 95 %", async () => {
  provider.answer = { delayMs: 5 };
  const homes = await homesOf(100, 8, 4, bySession);
  const share = kept(homes);
  expect(share, `${(100 * share).toFixed(1)} % of the calls stayed`).toBeGreaterThanOrEqual(0.95);
  provider.answer = {};
});

test.each([
  ["user", (session: number) => ({ body: { user: `user-${session}` } })],
  ["metadata.user_id", (session: number) => ({ body: { metadata: { user_id: `user-${session}` } } })],
  ["prompt_cache_key", (session: number) => ({ body: { prompt_cache_key: `cache-${session}` } })],
])("the body's %s names a session", async (_name, options) => {
  const homes = await homesOf(30, 4, 1, (session, turn) => ({
    body: { ...options(session).body, messages: [{ role: "user", content: `turn ${turn}` }] },
  }));
  expect(kept(homes)).toBe(1);
  expect(new Set(homes.flat()).size).toBeGreaterThan(4);
});

test("conversations that begin alike are a session, however they go on and whatever the system's word is", async () => {
  const homes = await homesOf(30, 5, 1, (session, turn) => {
    const later = Array.from({ length: turn }, (_, index) => [
      { role: "assistant", content: `answer ${index}` },
      { role: "user", content: `question ${index}` },
    ]).flat();
    const opening = { role: "user", content: `Conversation ${session}: ${"Tell me more. ".repeat(300)}` };
    return { body: { messages: [{ role: "system", content: "You are brief." }, opening, ...later] } };
  });
  expect(kept(homes)).toBe(1);
  expect(new Set(homes.flat()).size).toBeGreaterThan(4);
});

test("the header goes before the body", async () => {
  const [homes = []] = await homesOf(1, 30, 1, (_session, turn) => ({ ...bySession(0), body: { user: `user-${turn}` } }));
  expect(new Set(homes).size).toBe(1);
});

test("a deployment that is disabled moves its own sessions and no others; they come back with it", async () => {
  const sessions = 200;
  const homes = async () => (await homesOf(sessions, 1, 1, bySession)).map(([home]) => home as string);
  const before = await homes();
  expect((await patchModel(headgate, "d3", { status: "disabled" })).status).toBe("disabled");
  const during = await homes();
  const moved = before.filter((home, session) => during[session] !== home);
  const said = `${moved.length} of ${sessions} sessions moved: ${JSON.stringify(tally(moved))}`;
  expect(Object.keys(tally(moved)), said).toEqual(["d3"]);
  expect(moved.length, said).toBe(before.filter((home) => home === "d3").length);
  // About a tenth of them, of which chance leaves some room.
  expect(moved.length, said).toBeGreaterThan(2);
  expect(moved.length, said).toBeLessThan(48);
  expect(during).not.toContain("d3");
  await patchModel(headgate, "d3", { status: "active" });
  expect(await homes()).toEqual(before);
});

test("a session's own deployment that fails is replaced for its calls alone", async () => {
  expect((await modelNamed(headgate, "m")).strategy).toBe("affinity");
  const [[home] = []] = await homesOf(1, 1, 1, () => bySession(7));
  const broken = await startCountingProvider({ status: 500 });
  const { data } = await change(headgate, "GET", "/endpoints?limit=1000");
  const { id } = data.find((endpoint: { name: string }) => endpoint.name === home);
  await change(headgate, "PATCH", `/endpoints/${id}`, { url: broken.baseUrl, sync: false });
  const answers = await callMany(20, 1, () => caller.call("m", bySession(7)));
  expect(tally(answers.map(({ status }) => status))).toEqual({ "200": 20 });
  // The next for the session, the same each time; after five failures at once, without a vain attempt.
  expect(new Set(answers.map(({ endpoint }) => endpoint)).size).toBe(1);
  expect(answers.map(({ attempts }) => attempts).join("")).toBe(`${"2".repeat(5)}${"1".repeat(15)}`);
  await change(headgate, "PATCH", `/endpoints/${id}`, { url: provider.baseUrl, sync: false });
  await broken.stop();
});
