// 500 streams at a time while Headgate is told to stop, and while its configuration changes a hundred times: all come whole.
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { Caller, tally } from "../../support/caller.ts";
import { type CountingProvider, startCountingProvider } from "../../support/counting-provider.ts";
import { eventually } from "../../support/eventually.ts";
import { createHome, type HeadgateProcess, startHeadgateProcess } from "../../support/headgate-process.ts";
import type { LooseJson } from "../../support/loose-json.ts";
import { type BegunStream, beginStreams } from "./stream-load.ts";

const streamCount = 500;
/** On a machine that has other things to do, beginning them takes its time. */
const timeout = 90_000;
const key = "key-of-the-streams-in-flight-0123456789";

let one: CountingProvider;
let two: CountingProvider;
beforeAll(async () => {
  [one, two] = await Promise.all([startCountingProvider(), startCountingProvider()]);
});
afterAll(async () => {
  await one?.stop();
  await two?.stop();
});

beforeEach(() => {
  for (const provider of [one, two]) {
    provider.forget();
    // Until they are told to finish, however long it takes to get there.
    provider.pace = { words: Number.POSITIVE_INFINITY, everyMs: 100 };
  }
});

/** All streams are under way, and have been all the time. */
function expectRunning(streams: readonly BegunStream[], when: string): void {
  expect(tally(streams.map(({ response }) => String(response.ended))), when).toEqual({ null: streamCount });
  expect([one.openStreams + two.openStreams, one.leftAt.size + two.leftAt.size], when).toEqual([streamCount, 0]);
}

/** Lets the providers finish: every stream comes to its own end, and no word is missing. */
async function expectWhole(streams: readonly BegunStream[]): Promise<void> {
  one.finishStreams();
  two.finishStreams();
  const outcomes = await Promise.all(streams.map((stream) => stream.outcome(40_000)));
  expect(tally(outcomes)).toEqual({ "200 complete, with its terminator": streamCount });
  expect(streams.reduce((sum, { words }) => sum + words, 0)).toBe(one.wordsSent + two.wordsSent);
  expect([one.leftAt.size, two.leftAt.size]).toEqual([0, 0]);
}

async function start(): Promise<HeadgateProcess> {
  const home = await createHome();
  onTestFinished(() => home.remove());
  const endpoint = { models: ["m"], sync_interval: 0 };
  const headgate = await startHeadgateProcess({
    home,
    config: {
      server: { drain_timeout: "80s" },
      endpoints: [
        { ...endpoint, name: "one", url: one.baseUrl },
        { ...endpoint, name: "two", url: two.baseUrl },
      ],
      keys: [{ name: "caller", key }],
    },
  });
  onTestFinished(async () => void (await headgate.kill()));
  return headgate;
}

async function change(headgate: HeadgateProcess, method: string, path: string, body?: object): Promise<LooseJson> {
  const answer = await headgate.admin(method, path, body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
  return answer.body;
}

test("SIGTERM: all 500 finish, none is cut, and the exit code is 0", { timeout }, async () => {
  const headgate = await start();
  const streams = await beginStreams(headgate.url, key, "m", streamCount);
  expectRunning(streams, "before the signal");
  headgate.signal("SIGTERM");
  await eventually(async () => (await headgate.readiness()).status === 503);
  const words = one.wordsSent + two.wordsSent;
  await eventually(() => one.wordsSent + two.wordsSent > words + 10 * streamCount, {
    timeoutMs: 30_000,
    what: "ten words more of each",
  });
  expectRunning(streams, "during the drain");
  expect(headgate.exit).toBeNull();
  await expectWhole(streams);
  expect(await headgate.exited).toEqual({ code: 0, signal: null });
});

test("100 changes of keys, endpoints and models: none of 500 streams is disturbed, and new calls follow each", {
  timeout,
}, async () => {
  const headgate = await start();
  const streams = await beginStreams(headgate.url, key, "m", streamCount);
  const spare = await startCountingProvider();
  onTestFinished(() => spare.stop());
  const caller = new Caller(headgate.url, key);
  onTestFinished(() => caller.close());

  const { data: endpoints } = await change(headgate, "GET", "/endpoints");
  const idOf = (name: string) => endpoints.find((endpoint: LooseJson) => endpoint.name === name).id;
  const { data: models } = await change(headgate, "GET", "/models");
  const pool = models.find(({ name }: LooseJson) => name === "m");
  let changes = 0;
  const make = async (method: string, path: string, body?: object) => {
    changes++;
    return change(headgate, method, path, body);
  };
  for (let round = 0; changes < 100; round++) {
    const { id: keyId } = await make("POST", "/keys", { name: `new ${round}` });
    const { id } = await make("POST", "/endpoints", { name: `new-${round}`, url: spare.baseUrl, models: ["m"], sync: false });
    // What the streams run on: its headers, its timeouts, its place (the connections there are nobody's then), whether it is used.
    await make("PATCH", `/endpoints/${idOf("one")}`, {
      headers: { "x-round": `${round}` },
      timeouts: { idle: `${round + 5}s` },
      sync: false,
    });
    await make("PATCH", `/endpoints/${idOf("two")}`, { url: round % 2 === 0 ? spare.baseUrl : two.baseUrl, sync: false });
    await make("PATCH", `/models/${pool.id}`, {
      strategy: round % 2 === 0 ? "weighted" : "affinity",
      timeouts: { total: "50s" },
    });
    const target = { endpoint: "one", model: "m" };
    const { id: virtualId } = await make("POST", "/models", { name: `virtual-${round}`, targets: [target] });
    expect((await caller.call(`virtual-${round}`)).status).toBe(200);
    await make("PATCH", `/models/${virtualId}`, { status: "disabled" });
    await make("DELETE", `/models/${virtualId}`);
    await make("DELETE", `/endpoints/${id}`);
    await make("PATCH", `/models/${pool.id}`, { status: "disabled" });
    await make("PATCH", `/models/${pool.id}`, { status: "active" });
    await make("DELETE", `/keys/${keyId}`);
  }
  // The streams' own endpoint and key go last.
  await make("DELETE", `/endpoints/${idOf("two")}`);
  const { data: keys } = await change(headgate, "GET", "/keys");
  await make("DELETE", `/keys/${keys.find(({ name }: LooseJson) => name === "caller").id}`);
  expect((await caller.call("m")).status).toBe(401);

  expect(changes).toBeGreaterThanOrEqual(100);
  expectRunning(streams, `after ${changes} changes`);
  await expectWhole(streams);
});
