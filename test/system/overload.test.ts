// More than there is room for: the surplus is refused at once and in so many words, what is under way goes on, and it is over when the load is.
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { LoadGate } from "../../src/gateway/load/load-gate.ts";
import type { ShedReason } from "../../src/gateway/ports.ts";
import { SnapshotHolder } from "../../src/gateway/snapshot-holder.ts";
import { snapshotWithKey, startBareGateway } from "../support/bare-gateway.ts";
import { eventually } from "../support/eventually.ts";
import { type Headgate, startHeadgate } from "../support/headgate.ts";
import { createHome, processAdminToken, startHeadgateProcess } from "../support/headgate-process.ts";
import { flood } from "../support/load/flood.ts";
import { type Provider, startProvider } from "../support/provider.ts";
import type { RawResponse } from "../support/raw-http/raw-response.ts";
import { rawConnect, rawRequest, rawRequestBytes } from "../support/raw-http.ts";

const key = "key-of-the-overload-test-0123456789";
const headers = { authorization: `Bearer ${key}` };
const chat = { model: "m", messages: [{ role: "user", content: "hi" }] };
const call = { method: "POST", target: "/v1/chat/completions", headers, body: chat };
const message = {
  method: "POST",
  target: "/v1/messages",
  headers: { "x-api-key": key, "anthropic-version": "2023-06-01" },
  body: { ...chat, max_tokens: 10 },
};

let provider: Provider;
beforeAll(async () => {
  provider = await startProvider();
  provider.models = ["m"];
});
afterAll(() => provider?.close());

async function headgateWith(server: Record<string, unknown>): Promise<Headgate> {
  // The bound is each process's own.
  const headgate = await startHeadgate({ config: { server, keys: [{ name: "caller", key }] }, workersMax: 1 });
  onTestFinished(() => headgate.stop());
  await headgate.addEndpoint({ name: "prod", url: `${provider.url}/v1` });
  return headgate;
}

function shedLines(headgate: Headgate): string[] {
  return headgate
    .logText()
    .split("\n")
    .filter((line) => line.includes("overloaded"));
}

test("above calls_in_flight_limit a call gets 503 at once, in its dialect; those under way end well, and others follow", async () => {
  const headgate = await headgateWith({ calls_in_flight_limit: 5 });
  let answerNow: () => void = () => undefined;
  const told = new Promise<void>((resolve) => {
    answerNow = resolve;
  });
  const forget = provider.on(/chat|messages/, async (_request, usual) => {
    await told;
    return usual();
  });
  onTestFinished(() => forget());
  const before = provider.calls.length;
  const underWay: Promise<RawResponse>[] = Array.from({ length: 5 }, () => rawRequest(headgate.url, call));
  await eventually(async () => provider.calls.length === before + 5);

  const connection = await rawConnect(headgate.url);
  connection.send(rawRequestBytes(headgate.url, call));
  const refused = await (await connection.response({ method: "POST" })).done();
  expect([refused.status, refused.json.error.code, refused.json.error.type]).toEqual([503, "overloaded", "api_error"]);
  expect(refused.headers).toMatchObject({
    "retry-after": "1",
    "x-headgate-error-source": "gateway",
    "x-headgate-error-code": "overloaded",
    "x-request-id": expect.stringMatching(/^req_/),
  });
  expect(refused.headers.connection).not.toBe("close");
  const refusedToo = await rawRequest(headgate.url, message);
  expect([refusedToo.status, refusedToo.json.error.type]).toEqual([503, "overloaded_error"]);
  expect(provider.calls).toHaveLength(before + 5);

  for (const target of ["/v1/models", "/v1/models/m", "/livez", "/readyz"]) {
    expect([target, (await rawRequest(headgate.url, { target, headers })).status]).toEqual([target, 200]);
  }
  expect((await headgate.admin("GET", "/keys")).status).toBe(200);

  answerNow();
  for (const answer of await Promise.all(underWay)) expect(answer.status).toBe(200);
  // The refused caller's connection lives.
  connection.send(rawRequestBytes(headgate.url, call));
  expect((await (await connection.response({ method: "POST" })).done()).status).toBe(200);
  await connection.destroy();

  const metrics = await rawRequest(headgate.url, {
    target: "/metrics",
    headers: { authorization: `Bearer ${headgate.adminToken}` },
  });
  expect(metrics.text).toContain('headgate_calls_shed_total{reason="calls_in_flight"} 2\n');
  await headgate.eventually(async () => shedLines(headgate).length === 2);
  const [begun, over] = shedLines(headgate).map((line) => JSON.parse(line));
  expect(begun).toMatchObject({ level: "warn", reason: "calls_in_flight", calls_in_flight: 5 });
  expect(over).toMatchObject({ level: "warn", calls_refused: 2 });
});

/** Stands in for work: nothing else happens meanwhile. */
function occupy(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

test("while turns of the event loop take too long, calls that are too much are refused; some are served all the while", async () => {
  const shed: Record<ShedReason, number> = { calls_in_flight: 0, event_loop: 0 };
  const lines: string[] = [];
  const say = (_fields: unknown, text: string) => void lines.push(text);
  const log = { debug: say, info: say, warn: say, error: say };
  const load = new LoadGate({ callsInFlightMax: 1000, turnMsMax: 40, onShed: (reason) => void shed[reason]++, log });
  const holder = new SnapshotHolder(() => {});
  holder.replace(snapshotWithKey(key));
  let msPerCall = 8;
  const snapshots = {
    current() {
      occupy(msPerCall);
      return holder.current();
    },
  };
  const gateway = await startBareGateway({ snapshots, load });
  onTestFinished(() => gateway.stop());
  // Of a model that is not there: 404 is what being served looks like here.
  const crowd = await flood(gateway.url, 40, rawRequestBytes(gateway.url, call));
  await eventually(async () => shed.event_loop > 20, { timeoutMs: 20_000 });
  const servedBefore = crowd.answers.get(404) ?? 0;
  await eventually(async () => (crowd.answers.get(404) ?? 0) > servedBefore + 20, { timeoutMs: 20_000 });
  expect(lines).toEqual(["overloaded: new calls are refused"]);
  expect(crowd.answers.get(503)).toBeGreaterThan(0);

  msPerCall = 0;
  await crowd.stop();
  expect([...crowd.answers.keys()].sort()).toEqual([404, 503]);
  expect([crowd.broken, shed.calls_in_flight]).toEqual([0, 0]);
  // While it is on its guard, a machine that is busy with other things is a reason to refuse, too.
  await eventually(async () => (await rawRequest(gateway.url, call)).status === 404);
  await eventually(async () => lines.length === 2, { timeoutMs: 20_000 });
  expect(lines[1]).toBe("no longer overloaded");
});

test("one long pause, with all the calls that waited for it, sheds nothing", async () => {
  const shed: ShedReason[] = [];
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  // Long enough that what else the machine does meanwhile is no long turn; the pause is longer than five of them.
  const load = new LoadGate({ callsInFlightMax: 1000, turnMsMax: 500, onShed: (reason) => void shed.push(reason), log });
  const snapshots = new SnapshotHolder(() => {});
  snapshots.replace(snapshotWithKey(key));
  const gateway = await startBareGateway({ snapshots, load });
  onTestFinished(() => gateway.stop());
  const connections = await Promise.all(Array.from({ length: 50 }, () => rawConnect(gateway.url)));
  for (const connection of connections) connection.send(rawRequestBytes(gateway.url, call));
  occupy(3000);
  for (const connection of connections) {
    const answer = await (await connection.response({ method: "POST" })).done();
    expect(answer.status).toBe(404);
    await connection.destroy();
  }
  expect(shed).toEqual([]);
});

/** Answers every call with the same bytes, quicker than any gateway can ask. */
async function startQuickProvider(): Promise<{ url: string; server: Server }> {
  const json = (value: unknown) => {
    const body = JSON.stringify(value);
    const head = ["HTTP/1.1 200 OK", "content-type: application/json", `content-length: ${Buffer.byteLength(body)}`];
    return Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`);
  };
  const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
  const choices = [{ index: 0, message: { role: "assistant", content: "hi" }, finish_reason: "stop" }];
  const completion = json({ id: "c", object: "chat.completion", created: 0, model: "m", choices, usage });
  const models = json({ object: "list", data: [{ id: "m", object: "model", created: 0, owned_by: "test" }] });
  const server = createServer({ noDelay: true }, (socket) => {
    let held = "";
    socket.on("error", () => socket.destroy());
    socket.on("data", (data) => {
      held += data.toString("latin1");
      for (;;) {
        const headEnd = held.indexOf("\r\n\r\n");
        if (headEnd < 0) return;
        const length = Number(/\r\ncontent-length: *(\d+)/i.exec(held.slice(0, headEnd))?.[1] ?? 0);
        if (held.length < headEnd + 4 + length) return;
        socket.write(held.startsWith("GET ") ? models : completion);
        held = held.slice(headEnd + 4 + length);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}/v1`, server };
}

test("a flood of callers who ask again at once: it goes on serving, breaks no connection, and is itself again afterwards", async () => {
  const quick = await startQuickProvider();
  onTestFinished(() => void quick.server.close());
  const home = await createHome();
  onTestFinished(() => home.remove());
  const headgate = await startHeadgateProcess({
    home,
    config: {
      server: { workers: 0, overload_lag: "20ms" },
      endpoints: [{ name: "prod", url: quick.url, models: ["m"] }],
      keys: [{ name: "caller", key }],
    },
  });
  onTestFinished(async () => void (await headgate.kill()));
  const request = rawRequestBytes(headgate.url, call);
  await eventually(async () => (await rawRequest(headgate.url, call)).status === 200);
  const forMs = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  const floodOf = async (callers: number) => {
    const crowd = await flood(headgate.url, callers, request);
    await forMs(3000);
    await crowd.stop();
    return crowd;
  };
  const few = await floodOf(32);
  const many = await floodOf(1500);
  const served = many.answers.get(200) ?? 0;
  const refused = many.answers.get(503) ?? 0;
  expect([...many.answers.keys()].sort()).toEqual([200, 503]);
  expect([few.broken, many.broken]).toEqual([0, 0]);
  expect(many.longestMs).toBeLessThan(10_000);

  // Soon nobody is refused any more. While it is on its guard, a machine that is busy with other things is a reason too.
  const isItself = async () => {
    for (let i = 0; i < 20; i++) if ((await rawRequest(headgate.url, call)).status !== 200) return false;
    return true;
  };
  await eventually(isItself, { timeoutMs: 30_000 });
  // Held against few callers before and after: the machine may have been quicker at one of these times.
  const fewAgain = await floodOf(32);
  const servedFew = Math.min(...[few, fewAgain].map(({ answers }) => answers.get(200) ?? 0));
  expect(served).toBeGreaterThan(0.2 * servedFew);
  const { text } = await rawRequest(headgate.url, {
    target: "/metrics",
    headers: { authorization: `Bearer ${processAdminToken}` },
  });
  const shed = [...text.matchAll(/^headgate_calls_shed_total\{.*\} (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
  expect(shed).toBeGreaterThanOrEqual(refused);
  expect(refused).toBeGreaterThan(0);
}, 120_000);
