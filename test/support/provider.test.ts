// The scripted provider and the raw client do what other tests rely on them for.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "./eventually.ts";
import type { LooseJson } from "./loose-json.ts";
import { credentialEchoes } from "./provider/behaviour.ts";
import type { Provider } from "./provider.ts";
import { startProvider } from "./provider.ts";
import type { RawRequest } from "./raw-http.ts";
import { rawConnect, rawRequest, rawRequestBytes } from "./raw-http.ts";

const chat = (body: object = {}, headers: Record<string, string> = {}): RawRequest => ({
  method: "POST",
  target: "/v1/chat/completions",
  headers,
  body: { model: "test-model", messages: [{ role: "user", content: "hi" }], ...body },
});
const streamed = chat({ stream: true });

describe("scripted provider", () => {
  let provider: Provider;
  beforeEach(async () => {
    provider = await startProvider();
  });
  afterEach(() => provider.close());

  it("records requests byte for byte", async () => {
    const body = Buffer.from('{"model" : "test-model",  "n":12345678901234567890}');
    const sent = { method: "POST", target: "/v1/odd?a=1&a=%20", headers: { "X-Mixed": "Case", Authorization: "Bearer k" }, body };
    await rawRequest(provider.url, sent);
    const request = provider.take();
    expect(request.body).toEqual(body);
    expect(request.url).toBe("/v1/odd?a=1&a=%20");
    expect(request.path).toBe("/v1/odd");
    expect(request.rawHeaders).toContain("X-Mixed");
    expect(request.credential).toBe("k");
    expect(() => provider.take()).toThrow("no such request");
  });

  it("shows usage in a stream only to who asked for it", async () => {
    const plain = await rawRequest(provider.url, streamed);
    expect(plain.text).not.toContain("usage");
    expect(plain.text.endsWith("data: [DONE]\n\n")).toBe(true);
    const asked = await rawRequest(provider.url, chat({ stream: true, stream_options: { include_usage: true } }));
    const events = asked.text
      .split("\n\n")
      .slice(0, -2)
      .map((event) => JSON.parse(event.slice(6)));
    expect(events.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 } });
    expect(events.slice(0, -1).every((event) => event.usage === null)).toBe(true);
  });

  it.each([
    ["openai", (list: LooseJson) => list.data[0].id],
    ["azure", (list: LooseJson) => list.data[0].id],
    ["bare_array", (list: LooseJson) => list[0].id],
    ["gemini", (list: LooseJson) => list.models[0].name.replace("models/", "")],
  ] as const)("lists models in the shape %s", async (listShape, firstId) => {
    provider.settings.listShape = listShape;
    expect(firstId((await rawRequest(provider.url, { target: "/v1/models" })).json)).toBe("test-model");
  });

  it("pages Anthropic's list", async () => {
    provider.models = ["a", "b", "c", "d", "e"];
    Object.assign(provider.settings, { listShape: "anthropic", pageSize: 2 });
    const found: string[] = [];
    let target = "/v1/models?limit=1000";
    for (let more = true; more; ) {
      const page = (await rawRequest(provider.url, { target })).json;
      found.push(...page.data.map((model: { id: string }) => model.id));
      more = page.has_more;
      target = `/v1/models?limit=1000&after_id=${page.last_id}`;
    }
    expect(found).toEqual(["a", "b", "c", "d", "e"]);
    expect(provider.requests).toHaveLength(3);
    expect(provider.calls).toHaveLength(0);
  });

  it("answers so many calls with a status, and lists models meanwhile", async () => {
    provider.next(
      { kind: "answer", status: 429, headers: { "retry-after": "7" }, body: { error: { message: "slow" } } },
      { times: 2 },
    );
    expect((await rawRequest(provider.url, { target: "/v1/models" })).status).toBe(200);
    const refused = await rawRequest(provider.url, chat());
    expect([refused.status, refused.headers["retry-after"], refused.json.error.message]).toEqual([429, "7", "slow"]);
    expect((await rawRequest(provider.url, chat())).status).toBe(429);
    expect((await rawRequest(provider.url, chat())).status).toBe(200);
  });

  it("refuses stream_options once, for a request that has them", async () => {
    provider.next({ kind: "refuse_stream_options" });
    expect((await rawRequest(provider.url, chat())).status).toBe(200);
    const asking = chat({ stream: true, stream_options: { include_usage: true } });
    expect((await rawRequest(provider.url, asking)).status).toBe(400);
    expect((await rawRequest(provider.url, asking)).status).toBe(200);
  });

  it("hangs before and after the head, and tells when the client has left", async () => {
    provider.next({ kind: "hang", at: "before_headers" });
    const connection = await rawConnect(provider.url);
    connection.send(rawRequestBytes(provider.url, chat()));
    const request = await provider.waitForRequest();
    expect(request.outcome).toBeNull();
    await connection.destroy();
    await request.aborted;
    expect(request.outcome).toBe("aborted");

    provider.next({ kind: "hang", at: "after_headers" });
    const second = await rawConnect(provider.url);
    second.send(rawRequestBytes(provider.url, chat()));
    const response = await second.response();
    expect([response.status, response.body.length, response.ended]).toEqual([200, 0, null]);
    await second.destroy();
    await (await provider.waitForRequest()).aborted;
  });

  it("stalls mid-stream, silently or with comments", async () => {
    provider.next({ kind: "stall", afterChunks: 2, comment: ": ping\n\n", everyMs: 5 });
    const connection = await rawConnect(provider.url);
    connection.send(rawRequestBytes(provider.url, streamed));
    const response = await connection.response();
    await response.untilBody(": ping\n\n: ping\n\n");
    expect(response.text.match(/data: /g)).toHaveLength(2);
    await connection.destroy();
    await (await provider.waitForRequest()).aborted;
  });

  it("cuts, resets and truncates as told", async () => {
    provider.next({ kind: "reset", at: "before_headers" });
    await expect(rawRequest(provider.url, chat())).rejects.toThrow();
    provider.next({ kind: "reset", at: 2 });
    const reset = await rawRequest(provider.url, streamed);
    expect([reset.ended, reset.text.match(/data: /g)?.length]).toEqual(["cut", 2]);
    provider.next({ kind: "reset", at: 1, how: "fin" });
    const halved = await rawRequest(provider.url, chat());
    expect(halved.ended).toBe("cut");
    expect(halved.body.length).toBeGreaterThan(10);
    provider.next({ kind: "truncate", afterChunks: 3 });
    const truncated = await rawRequest(provider.url, streamed);
    expect([truncated.ended, truncated.text.includes("[DONE]")]).toEqual(["complete", false]);
    expect(await Promise.all(provider.requests.map(({ finished }) => finished))).toEqual(["cut", "cut", "cut", "answered"]);
  });

  it("breaks streams with an error event in the dialect's shape", async () => {
    provider.next({ kind: "error_event", afterChunks: 0 });
    const first = await rawRequest(provider.url, streamed);
    expect(JSON.parse(first.text.slice(6)).error.type).toBe("server_error");
    provider.next({ kind: "error_event", afterChunks: 1 });
    const anthropic = await rawRequest(provider.url, { ...streamed, target: "/v1/messages" });
    expect(anthropic.text).toContain("event: message_start");
    expect(anthropic.text).toContain('event: error\ndata: {"type":"error","error":{"type":"overloaded_error"');
  });

  it("writes chunks separately, at the scripted pace", async () => {
    const isPaced = async () => {
      provider.next({ kind: "answer", chunks: ["a", Buffer.from([0xc3]), Buffer.from([0xa9]), "z"], everyMs: 30 });
      const { body, chunks } = await rawRequest(provider.url, chat());
      expect(body.toString("hex")).toBe("61c3a97a");
      return chunks.length === 4 && (chunks[3]?.at ?? 0) - (chunks[0]?.at ?? 0) >= 80;
    };
    // What comes while this process rests is read as one: then once more.
    await eventually(isPaced);
  });

  it.each(["length", "chunked", "close"] as const)("frames a body by %s", async (framing) => {
    provider.next({ kind: "framing", framing });
    const response = await rawRequest(provider.url, chat());
    expect(response.ended).toBe("complete");
    expect(response.json.object).toBe("chat.completion");
    expect("content-length" in response.headers).toBe(framing === "length");
    expect("transfer-encoding" in response.headers).toBe(framing === "chunked");
  });

  it("echoes credentials and sets cookies when told to", async () => {
    const cookies = { "set-cookie": ["a=1", "b=2"] };
    provider.next({ kind: "headers", headers: (request) => ({ ...credentialEchoes(request), ...cookies }) });
    const response = await rawRequest(provider.url, chat({}, { "x-api-key": "canary" }));
    expect(response.headers["x-echo"]).toBe("got canary");
    expect(response.rawHeaders.filter((name) => name.toLowerCase() === "set-cookie")).toHaveLength(2);
  });

  it("makes huge bodies only as fast as they are read", async () => {
    const bytes = 64 * 1024 * 1024;
    provider.next({ kind: "huge", bytes });
    const connection = await rawConnect(provider.url);
    connection.send(rawRequestBytes(provider.url, chat()));
    await connection.response();
    connection.pause();
    const request = await provider.waitForRequest();
    let seen = -1;
    const standsStill = () => {
      const before = seen;
      seen = request.bytesWritten;
      return seen > 0 && before === seen;
    };
    await expect.poll(standsStill, { interval: 100, timeout: 5000 }).toBe(true);
    expect(seen).toBeLessThan(bytes);
    await connection.destroy();
    await request.aborted;
  });

  it("answers early, before the body, when told to", async () => {
    provider.next({ kind: "answer", status: 413, body: "too large" }, { early: true });
    const connection = await rawConnect(provider.url);
    connection.send("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n{");
    expect((await connection.response()).status).toBe(413);
    expect((await provider.waitForRequest({ at: "head" })).complete).toBe(false);
    await connection.destroy();
  });

  it("can be stopped and started on the same port", async () => {
    const connection = await rawConnect(provider.url);
    await provider.stop();
    await connection.closed;
    await expect(rawConnect(provider.url)).rejects.toThrow("ECONNREFUSED");
    await provider.start();
    expect((await rawRequest(provider.url, { target: "/v1/models" })).status).toBe(200);
    expect(provider.openConnections).toBeLessThanOrEqual(1);
  });

  it("runs handlers, the latest first, until they are taken off", async () => {
    const off = provider.on("/v1/chat/completions", (request) => ({ kind: "answer", body: { saw: request.json.model } }));
    expect((await rawRequest(provider.url, chat())).json).toEqual({ saw: "test-model" });
    off();
    expect((await rawRequest(provider.url, chat())).json.object).toBe("chat.completion");
  });
});
