// What is the caller's doing never counts against a deployment, and half an answer is never dressed up as a whole one.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { Caller } from "../../support/caller.ts";
import { type Headgate, startHeadgate } from "../../support/headgate.ts";
import { type Provider, startProvider } from "../../support/provider.ts";
import { rawConnect, rawRequestBytes } from "../../support/raw-http.ts";
import { addEndpoint, change, healthAt, ledgerRow } from "./pool.ts";

let first: Provider;
let second: Provider;
let headgate: Headgate;
let caller: Caller;
let key: string;
beforeAll(async () => {
  [first, second] = await Promise.all([startProvider(), startProvider()]);
  headgate = await startHeadgate({ config: { server: { cors_origins: ["https://app.example"] } } });
  key = await headgate.createKey({ scopes: ["inference", "passthrough"] });
  caller = new Caller(headgate.url, key);
});
afterAll(async () => {
  await caller?.close();
  await headgate?.stop();
  await first?.close();
  await second?.close();
});
beforeEach(() => {
  first.reset();
  second.reset();
});

/** A virtual model over both, the first one first. */
async function pair(name: string, fields: object = {}): Promise<void> {
  await addEndpoint(headgate, `${name}-1`, `${first.url}/v1`, [`${name}-1`], fields);
  await addEndpoint(headgate, `${name}-2`, `${second.url}/v1`, [`${name}-2`]);
  const targets = [1, 2].map((index) => ({ endpoint: `${name}-${index}`, model: `${name}-${index}` }));
  await change(headgate, "POST", "/models", { name, strategy: "priority", targets });
}

function post(target: string, body: object, headers: Record<string, string> = {}): Buffer {
  return rawRequestBytes(headgate.url, { method: "POST", target, headers: { authorization: `Bearer ${key}`, ...headers }, body });
}

async function inFlight(): Promise<number> {
  const answer = await fetch(`${headgate.url}/metrics`, { headers: { authorization: `Bearer ${headgate.adminToken}` } });
  return Number(/^headgate_requests_in_flight (\d+)$/m.exec(await answer.text())?.[1]);
}

async function connect() {
  const connection = await rawConnect(headgate.url);
  onTestFinished(() => void connection.socket.destroy());
  return connection;
}

const refusedPrompt = { id: "resp_1", status: "failed", error: { code: "invalid_prompt", message: "no" } };

test("a stream that fails for what the caller sent is no failure of its endpoint", async () => {
  await addEndpoint(headgate, "streamed", `${first.url}/v1`, ["streamed"]);
  const event = (data: { type: string }) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
  const chunks = [
    event({ type: "response.created", response: { id: "resp_1", status: "in_progress", error: null } } as { type: string }),
    event({ type: "response.failed", response: refusedPrompt } as { type: string }),
  ];
  first.next({ kind: "answer", headers: { "content-type": "text/event-stream" }, chunks }, { times: 6 });
  for (let i = 0; i < 6; i++) await caller.call("streamed", { path: "/v1/responses", body: { stream: true, input: "x" } });
  expect(first.calls).toHaveLength(6);
  expect((await healthAt(headgate, "streamed", "streamed")).status).toBe("healthy");
});

test("nor is a plain answer that says so in a 200", async () => {
  await addEndpoint(headgate, "plain", `${first.url}/v1`, ["plain"]);
  first.next({ kind: "answer", body: { ...refusedPrompt, object: "response" } }, { times: 6 });
  for (let i = 0; i < 6; i++) await caller.call("plain", { path: "/v1/responses", body: { input: "x" } });
  expect((await healthAt(headgate, "plain", "plain")).status).toBe("healthy");
});

test("a total that a slow upload has used up is not the endpoint's fault", async () => {
  await pair("slow-upload", { timeouts: { total: "1s" } });
  first.on(/./, () => ({ kind: "hang", at: "before_headers" }));
  const bytes = post("/v1/chat/completions", { model: "slow-upload", messages: [] }, { "x-headgate-no-fallback": "true" });
  const connections = await Promise.all(Array.from({ length: 6 }, connect));
  for (const connection of connections) connection.send(bytes.subarray(0, bytes.length - 10));
  // From then on the uploads take their time.
  await headgate.eventually(async () => (await inFlight()) === 6);
  await wait(850);
  const codes = await Promise.all(
    connections.map(async (connection) => {
      connection.send(bytes.subarray(bytes.length - 10));
      return (await (await connection.response({ method: "POST" })).done()).headers["x-headgate-error-code"];
    }),
  );
  expect(codes).toEqual(Array.from({ length: 6 }, () => "upstream_timeout"));
  expect((await healthAt(headgate, "slow-upload", "slow-upload-1")).status).toBe("healthy");
});

test("an answer that comes before a streamed upload is through leaves the connection usable", async () => {
  await addEndpoint(headgate, "early", `${first.url}/v1`, ["early"]);
  first.next({ kind: "answer", status: 413, body: { error: "too large" } }, { early: true, match: /files/ });
  const connection = await connect();
  const upload = Buffer.alloc(100_000, "x");
  const headers = {
    authorization: `Bearer ${key}`,
    "content-type": "application/octet-stream",
    "content-length": String(upload.length),
  };
  connection.send(rawRequestBytes(headgate.url, { method: "POST", target: "/endpoints/early/v1/files", headers }));
  expect((await (await connection.response({ method: "POST" })).done()).status).toBe(413);
  connection.send(upload);
  connection.send(post("/v1/chat/completions", { model: "early", messages: [] }));
  expect((await (await connection.response({ method: "POST" })).done()).status).toBe(200);
});

test("an error whose body does not come is tried elsewhere within seconds", async () => {
  await pair("headless");
  first.next({ kind: "answer", status: 503, headers: { "content-length": "100" }, body: "" });
  const connection = await connect();
  connection.send(post("/v1/chat/completions", { model: "headless", messages: [] }));
  const answer = await (await connection.response({ method: "POST", timeoutMs: 8000 })).done();
  expect([answer.status, answer.headers["x-headgate-endpoint"]]).toEqual([200, "headless-2"]);
});

test("an error that was held back keeps what CORS says", async () => {
  await pair("cors");
  first.next({ kind: "answer", status: 500, headers: { vary: "accept-encoding" }, body: { error: "x" } });
  second.next({ kind: "reset", at: "before_headers" });
  const connection = await connect();
  connection.send(post("/v1/chat/completions", { model: "cors", messages: [] }, { origin: "https://app.example" }));
  const answer = await (await connection.response({ method: "POST" })).done();
  expect([answer.status, answer.headers["x-headgate-endpoint"]]).toEqual([500, "cors-1"]);
  expect(String(answer.headers.vary).toLowerCase()).toContain("origin");
});

test("a stream that promised its length and breaks just before is told, cut, and no longer than a stream may be", async () => {
  const event = 'data: {"id":"x","choices":[{"index":0,"delta":{"content":"half"}}]}\n\n';
  const head = `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: ${event.length + 100}\r\n\r\n`;
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.write(head + event, () => setTimeout(() => socket.resetAndDestroy(), 100)));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  await addEndpoint(headgate, "promised", `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, ["promised"]);
  const connection = await connect();
  const body = { model: "promised", stream: true, stream_options: { include_usage: true }, messages: [] };
  connection.send(post("/v1/chat/completions", body));
  const answer = await (await connection.response({ method: "POST" })).done();
  expect(answer.text.startsWith(event)).toBe(true);
  expect(answer.text).toContain('"code":"upstream_interrupted"');
  expect(answer.ended).toBe("cut");
  const row = await ledgerRow(headgate, answer.headers["x-request-id"] as string);
  expect(row).toMatchObject({ status: 200, error: "upstream_interrupted" });
});
