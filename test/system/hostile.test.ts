// What a hostile or broken caller or provider could once do: regressions of a review, each on real sockets.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Headgate, startHeadgate } from "../support/headgate.ts";
import { type Provider, startProvider } from "../support/provider.ts";
import { rawConnect, rawRequest, rawRequestBytes } from "../support/raw-http.ts";

const providerKey = "sk-provider-0123456789abcdef";

let provider: Provider;
let headgate: Headgate;
let key: string;

beforeAll(async () => {
  provider = await startProvider();
  headgate = await startHeadgate({ config: { server: { cors_origins: ["https://app.example"] } } });
  provider.models = ["m", "secret-model"];
  const timeouts = { idle: "600ms" };
  await headgate.addEndpoint({ name: "prod", url: `${provider.url}/v1`, api_key: providerKey, sync_interval: 0, timeouts });
  key = await headgate.createKey({ scopes: ["inference", "passthrough"] });
});
afterAll(async () => {
  await headgate?.stop();
  await provider?.close();
});
beforeEach(() => provider.reset());

const chat = (more: object = {}) => ({ model: "m", messages: [], ...more });

function post(body: string | object, headers: Record<string, string> = {}, target = "/v1/chat/completions", token = key) {
  return rawRequest(headgate.url, { method: "POST", target, headers: { authorization: `Bearer ${token}`, ...headers }, body });
}

async function inFlight(): Promise<number> {
  const answer = await fetch(`${headgate.url}/metrics`, { headers: { authorization: `Bearer ${headgate.adminToken}` } });
  return Number(/^headgate_requests_in_flight (\d+)$/m.exec(await answer.text())?.[1]);
}

function bytesOf(body: object): Buffer {
  const headers = { authorization: `Bearer ${key}` };
  return rawRequestBytes(headgate.url, { method: "POST", target: "/v1/chat/completions", headers, body });
}

describe("connections", () => {
  test("pipelined calls whose connection is cut leave nothing behind, with a key or without", async () => {
    for (let i = 0; i < 10; i++) {
      const connection = await rawConnect(headgate.url);
      connection.pause();
      connection.send("GET /v1/models HTTP/1.1\r\nhost: x\r\nauthorization: Bearer nobody\r\n\r\n".repeat(100));
      connection.send(Buffer.concat(Array.from({ length: 5 }, () => bytesOf(chat()))));
      connection.socket.resetAndDestroy();
    }
    await headgate.eventually(async () => (await inFlight()) === 0);
  });

  test("each of several pipelined calls is ended upstream when their caller leaves", async () => {
    provider.next({ kind: "hang", at: "before_headers" }, { times: 2 });
    const connection = await rawConnect(headgate.url);
    connection.send(Buffer.concat([bytesOf(chat()), bytesOf(chat())]));
    const calls = [await provider.waitForRequest(), await provider.waitForRequest()];
    await connection.destroy();
    await Promise.all(calls.map((call) => call.aborted));
    await headgate.eventually(async () => (await inFlight()) === 0);
  });

  test("an answer that waits behind another one is not taken in without bound", async () => {
    provider.next({ kind: "hang", at: "before_headers" });
    provider.next({ kind: "answer", status: 400, chunks: Array.from({ length: 800 }, () => Buffer.alloc(65_536, "x")) });
    const connection = await rawConnect(headgate.url);
    connection.send(Buffer.concat([bytesOf(chat()), bytesOf(chat())]));
    await provider.waitForRequest();
    const second = await provider.waitForRequest();
    let written = -1;
    await headgate.eventually(async () => {
      if (second.bytesWritten === written) return true;
      written = second.bytesWritten;
      await new Promise((resolve) => setTimeout(resolve, 300));
      return false;
    });
    expect(written).toBeLessThan(24 * 2 ** 20);
    await connection.destroy();
  });

  test("TRACE, with which an endpoint would repeat its own credential, is refused", async () => {
    for (const target of ["/endpoints/prod/v1/x", "/v1/x"]) {
      const answer = await rawRequest(headgate.url, { method: "TRACE", target, headers: { authorization: `Bearer ${key}` } });
      expect([answer.status, answer.json.error.code]).toEqual([405, "method_not_allowed"]);
      expect(answer.headers.allow).toContain("POST");
    }
    expect(provider.requests).toHaveLength(0);
  });
});

describe("a key that is restricted to some models", () => {
  const endpoint = "/endpoints/prod/v1/chat/completions";
  test.each([
    ["plain text", '{"model":"secret-model"}', "text/plain", endpoint],
    ["a repeated model", '{"model":"m","a":1,"model":"secret-model"}', "application/json", endpoint],
    ["JSON that only a lenient parser takes", '{"model":"secret-model",}', "application/json", endpoint],
    [
      "a form",
      '--b\r\ncontent-disposition: form-data; name="model"\r\n\r\nsecret-model\r\n--b--\r\n',
      "multipart/form-data; boundary=b",
      endpoint,
    ],
    ["bytes", "\x00\x01{", "application/octet-stream", endpoint],
    ["a Gemini path", '{"contents":[]}', "application/json", "/endpoints/prod/v1beta/models/secret-model:generateContent"],
  ])("reaches no other through a named endpoint by %s", async (_name, body, contentType, target) => {
    const narrow = await headgate.createKey({ scopes: ["inference", "passthrough"], models: ["m"] });
    const answer = await post(body, { "content-type": contentType }, target, narrow);
    expect([403, 404]).toContain(answer.status);
    expect(provider.requests).toHaveLength(0);
    const own = await post({ model: "m" }, {}, endpoint, narrow);
    expect(own.status).toBe(200);
  });
});

describe("providers", () => {
  test("a key that a provider quotes reaches no caller: not in a stream, not in an error of any size", async () => {
    const quoting = `data: {"error":{"message":"bad key ${providerKey}"}}\n\n`;
    provider.next({ kind: "answer", headers: { "content-type": "text/event-stream" }, chunks: [quoting] });
    const stream = await post(chat({ stream: true }));
    expect(stream.text).toContain("bad key ****");
    provider.next({ kind: "answer", status: 500, chunks: ["x".repeat(300_000), ` ${providerKey} `] });
    const large = await post(chat());
    expect(large.status).toBe(500);
    for (const answer of [stream, large]) expect(answer.text).not.toContain(providerKey);
  });

  test("a redirect is followed by nobody", async () => {
    provider.next({ kind: "answer", status: 308, headers: { location: "http://127.0.0.1:1/elsewhere" }, body: "" });
    const answer = await post(chat());
    expect([answer.status, answer.json.error.code]).toEqual([502, "upstream_unreachable"]);
    expect(answer.headers.location).toBeUndefined();
  });

  test("a refusal of stream_options that is too long to read is passed on, once", async () => {
    provider.next({
      kind: "answer",
      status: 400,
      chunks: Array.from({ length: 10 }, () => "unknown stream_options ".repeat(2000)),
    });
    const answer = await post(chat({ stream: true }));
    expect(answer.status).toBe(400);
    expect(provider.calls).toHaveLength(1);
  });

  test("an error that arrives slowly but steadily is not a stall", async () => {
    provider.next({ kind: "answer", status: 500, chunks: Array.from({ length: 5 }, () => "slow "), everyMs: 250 });
    const answer = await post(chat());
    expect([answer.status, answer.text]).toEqual([500, "slow slow slow slow slow "]);
  });

  test("CORS headers are Headgate's own", async () => {
    const theirs = { "access-control-allow-origin": "*", "access-control-allow-credentials": "true", vary: "accept-encoding" };
    provider.next({ kind: "headers", headers: theirs });
    const answer = await post(chat(), { origin: "https://app.example" });
    expect(answer.headers["access-control-allow-origin"]).toBe("https://app.example");
    expect(answer.headers["access-control-allow-credentials"]).toBeUndefined();
    expect(answer.headers.vary).toContain("origin");
    const foreign = await post(chat(), { origin: "https://evil.example" });
    expect(foreign.headers["access-control-allow-origin"]).toBeUndefined();
  });

  test("a placeholder of a key spoils no answer", async () => {
    provider.models = ["local"];
    await headgate.addEndpoint({ name: "local", url: `${provider.url}/v1`, api_key: "x", sync_interval: 0 });
    provider.next({ kind: "answer", status: 400, headers: { "content-type": "text/plain" }, body: "max_tokens exceeded" });
    const answer = await post(chat({ model: "local" }));
    expect([answer.text, answer.headers["content-type"]]).toEqual(["max_tokens exceeded", "text/plain"]);
  });
});

test("a key that was deleted is not let in by a start without the database", async () => {
  const own = await startHeadgate({});
  const { id, key: doomed } = (await own.admin("POST", "/keys", { name: "doomed" })).body;
  await own.eventually(async () => (await import("node:fs")).existsSync(`${own.dataDir}/snapshot.enc`));
  expect((await own.admin("DELETE", `/keys/${id}`)).status).toBe(204);
  // What kill -9 would leave at this moment: in one go, so that no file is replaced meanwhile.
  const { cpSync } = await import("node:fs");
  const { mkdtemp, rm } = await import("node:fs/promises");
  const { tmpdir } = await import("node:os");
  const copy = await mkdtemp(`${tmpdir()}/headgate-crashed-`);
  cpSync(own.dataDir, copy, { recursive: true });
  await own.stop();
  const env = { HEADGATE_DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" };
  const outcome = await startHeadgate({ dataDir: copy, env }).then(
    async (restarted) => {
      const answer = await fetch(`${restarted.url}/v1/models`, { headers: { authorization: `Bearer ${doomed}` } });
      await restarted.stop();
      return answer.status;
    },
    () => "did not start",
  );
  await rm(copy, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  expect(["did not start", 401]).toContain(outcome);
});
