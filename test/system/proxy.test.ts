// What callers and providers see of the data plane: reference cases 24–33, 41 and 43, on real sockets.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Headgate, startHeadgate } from "../support/headgate.ts";
import { workersOfTests } from "../support/headgate-of-processes.ts";
import type { Step } from "../support/provider/step.ts";
import { type Provider, startProvider } from "../support/provider.ts";
import { quickestMs } from "../support/quickest.ts";
import { rawConnect, rawRequest, rawRequestBytes } from "../support/raw-http.ts";

const providerKey = "sk-provider-0123456789abcdef";

let provider: Provider;
let headgate: Headgate;
let key: string;

beforeAll(async () => {
  provider = await startProvider();
  headgate = await startHeadgate({ config: { server: { body_limit: "10mb" } } });
  provider.models = ["upstream-model", "other-model"];
  const endpoint = { name: "prod", url: `${provider.url}/v1`, api_key: providerKey, aliases: { "upstream-model": "gpt-4" } };
  await headgate.addEndpoint({ ...endpoint, timeouts: { total: "20s" } });
  // Of their own: a provider that is stopped for a moment by a busy machine is none that stalls.
  const own = { url: `${provider.url}/v1`, sync: false, sync_interval: 0 };
  await headgate.addEndpoint({ ...own, name: "hasty", models: ["hasty"], timeouts: { first_byte: "400ms" } });
  await headgate.addEndpoint({ ...own, name: "stalling", models: ["stalling"], timeouts: { idle: "400ms" } });
  key = await headgate.createKey({ scopes: ["inference", "passthrough"] });
});
afterAll(async () => {
  await headgate?.stop();
  await provider?.close();
});
beforeEach(() => {
  provider.reset();
  provider.models = ["upstream-model", "other-model"];
});

function post(body: string | Buffer | object, headers: Record<string, string> = {}, target = "/v1/chat/completions") {
  const all = { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers };
  return rawRequest(headgate.url, { method: "POST", target, headers: all, body });
}

/** The one request row that the ledger has for this answer. */
function ledgerRow(requestId: string) {
  return headgate.eventually(async () => {
    const { status, body } = await headgate.admin("GET", `/requests/${requestId}`);
    return status === 200 && body.state !== "in_progress" ? body : undefined;
  });
}

const chat = (more: object = {}) => ({ model: "gpt-4", messages: [{ role: "user", content: "hi" }], ...more });

describe("case 24–25: the body upstream differs only in the model's value", () => {
  test("key order, whitespace, 64-bit integers, unknown fields and repeated nested keys survive", async () => {
    const body =
      '{ "z":1 ,"seed":9223372036854775807,  "model" :\t"gpt-4", "x_unknown":{"a":1,"a":2,"model":"nested"},\n"messages":[{"model":"m"}]}';
    expect((await post(body)).status).toBe(200);
    expect(provider.take().text).toBe(body.replace('"gpt-4"', '"upstream-model"'));
  });

  test("an escaped model name is understood", async () => {
    expect((await post('{"model":"gpt\\u002d4","messages":[]}')).status).toBe(200);
    expect(provider.take().text).toBe('{"model":"upstream-model","messages":[]}');
  });

  test("a model without an alias keeps the caller's very bytes", async () => {
    const body = '{"messages":[],"model":"other\\u002dmodel"}';
    expect((await post(body)).status).toBe(200);
    expect(provider.take().text).toBe(body);
  });

  test("the model may come after megabytes of messages", async () => {
    const body = `{"messages":[{"role":"user","content":"${"x".repeat(9_900_000)}"}],"model":"gpt-4"}`;
    expect((await post(body)).status).toBe(200);
    expect(provider.take().body.equals(Buffer.from(body.replace('"gpt-4"', '"upstream-model"')))).toBe(true);
  });

  test.each([
    ['{"model":"gpt-4","messages":[],"model":"other-model"}', "duplicate_model"],
    ['{"model":"gpt-4","messages":[],"mod\\u0065l":"other-model"}', "duplicate_model"],
    ['{"messages":[]}', "model_required"],
    ['{"model":null}', "model_required"],
    ['{"model":7}', "model_required"],
    ['{"model":""}', "model_required"],
    ['{"model":"gpt-4",}', "invalid_json"],
    ["[1]", "invalid_json"],
    ["hello", "invalid_json"],
    ['{"model":"gpt-4"} trailing', "invalid_json"],
  ])("%s is 400 %s, and nothing goes upstream", async (body, code) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(answer.json.error).toMatchObject({ code, type: "invalid_request_error" });
    expect(answer.headers["x-headgate-error-source"]).toBe("gateway");
    expect(provider.calls).toHaveLength(0);
  });
});

describe("case 26: who may call", () => {
  test("no key, a bad key and an expired key are 401 before a byte of the body is read", async () => {
    for (const [authorization, code] of [
      [undefined, "missing_key"],
      ["Bearer sk-hg-nobody-nothing", "invalid_key"],
      ["Basic abc", "missing_key"],
    ] as const) {
      const connection = await rawConnect(headgate.url);
      const auth = authorization === undefined ? "" : `authorization: ${authorization}\r\n`;
      connection.send(`POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n${auth}content-length: 1000\r\n\r\n`);
      const answer = await (await connection.response({ method: "POST" })).done();
      expect(answer.status).toBe(401);
      expect(answer.json.error.code).toBe(code);
      expect(answer.headers["www-authenticate"]).toBe("Bearer");
      await connection.destroy();
    }
  });

  test("a key that expires stops working at its time", async () => {
    const soon = await headgate.createKey({ expires_at: new Date(Date.now() + 3000).toISOString() });
    const call = () => post(chat(), { authorization: `Bearer ${soon}` });
    expect((await call()).status).toBe(200);
    const refused = await headgate.eventually(async () => {
      const answer = await call();
      return answer.status === 401 && answer;
    });
    expect(refused.json.error.code).toBe("key_expired");
  });

  test("every usual header carries a key", async () => {
    for (const header of ["x-api-key", "api-key", "x-goog-api-key"]) {
      const answer = await rawRequest(headgate.url, {
        method: "POST",
        target: "/v1/chat/completions",
        headers: { [header]: key },
        body: chat(),
      });
      expect(answer.status).toBe(200);
    }
    expect((await post(chat(), { authorization: `bearer ${key}` })).status).toBe(200);
  });

  test("a model that is unknown and one that is another's get the same 404", async () => {
    const narrow = await headgate.createKey({ models: ["other-*"] });
    const ask = async (model: string) => post(chat({ model }), { authorization: `Bearer ${narrow}` });
    const [unknown, forbidden, allowed] = await Promise.all([ask("nope"), ask("gpt-4"), ask("other-model")]);
    expect([unknown.status, forbidden.status, allowed.status]).toEqual([404, 404, 200]);
    expect(forbidden.text).toBe(unknown.text);
    expect(unknown.json.error.code).toBe("model_not_found");
  });

  test("a deleted key is refused at once", async () => {
    const created = (await headgate.admin("POST", "/keys", { name: "short-lived" })).body;
    const call = () => post(chat(), { authorization: `Bearer ${created.key}` });
    expect((await call()).status).toBe(200);
    expect((await headgate.admin("DELETE", `/keys/${created.id}`)).status).toBe(204);
    expect((await call()).status).toBe(401);
  });

  test("state paths and other methods need the passthrough scope; inference needs its own", async () => {
    const plain = await headgate.createKey();
    const onlyPassthrough = await headgate.createKey({ scopes: ["passthrough"] });
    const ask = (method: string, target: string, token: string) =>
      rawRequest(headgate.url, {
        method,
        target,
        headers: { authorization: `Bearer ${token}` },
        ...(method === "POST" ? { body: chat() } : {}),
      });
    for (const [method, target] of [
      ["GET", "/v1/files"],
      ["POST", "/v1/fine_tuning/jobs"],
      ["DELETE", "/v1/conversations/x"],
      ["GET", "/endpoints/prod/v1/files"],
    ]) {
      const answer = await ask(method as string, target as string, plain);
      expect([answer.status, answer.json.error.code]).toEqual([403, "not_allowed"]);
    }
    expect((await ask("POST", "/v1/chat/completions", onlyPassthrough)).status).toBe(403);
    expect(provider.calls).toHaveLength(0);
  });
});

describe("case 27: bodies beyond the limit", () => {
  test("with content-length: 413 before the body; chunked: 413 when it is passed", async () => {
    const connection = await rawConnect(headgate.url);
    connection.send(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-length: ${11 * 2 ** 20}\r\n\r\n`,
    );
    const early = await (await connection.response({ method: "POST" })).done();
    expect([early.status, early.json.error.code]).toEqual([413, "body_too_large"]);
    await connection.destroy();

    const chunked = await rawConnect(headgate.url);
    chunked.send(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ntransfer-encoding: chunked\r\n\r\n`,
    );
    const piece = Buffer.alloc(1024 * 1024, " ");
    for (let i = 0; i < 11 && !chunked.socket.destroyed; i++) {
      chunked.send(`${piece.length.toString(16)}\r\n`);
      chunked.send(piece);
      chunked.send("\r\n");
    }
    const late = await (await chunked.response({ method: "POST" })).done();
    expect([late.status, late.json.error.code]).toEqual([413, "body_too_large"]);
    await chunked.destroy();
    expect(provider.calls).toHaveLength(0);
  });

  test("without a key it is 401 first", async () => {
    const connection = await rawConnect(headgate.url);
    connection.send(`POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${11 * 2 ** 20}\r\n\r\n`);
    expect((await connection.response({ method: "POST" })).status).toBe(401);
    await connection.destroy();
  });

  test("a compressed body is 415", async () => {
    const answer = await post(chat(), { "content-encoding": "gzip" });
    expect([answer.status, answer.json.error.code]).toEqual([415, "unsupported_encoding"]);
  });

  test("a caller that waits for 100-continue gets it only once it is let in", async () => {
    const body = JSON.stringify(chat());
    for (const [token, interim, status] of [
      ["nobody-at-all", [], 401],
      [key, [100], 200],
    ] as const) {
      const connection = await rawConnect(headgate.url);
      connection.send(
        `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\nexpect: 100-continue\r\ncontent-length: ${body.length}\r\n\r\n`,
      );
      const response = connection.expect("POST");
      await headgate.eventually(async () => connection.interimStatuses.length > 0 || response.begun);
      if (status === 200) connection.send(body);
      await response.done();
      expect(response.status).toBe(status);
      expect(connection.interimStatuses).toEqual(interim);
      await connection.destroy();
    }
  });
});

describe("case 28: the provider's errors pass through", () => {
  test.each([
    [
      429,
      { "content-type": "application/json", "retry-after": "7" },
      '{"error":{"message":"slow down","code":"rate_limit_exceeded"}}',
    ],
    [400, { "content-type": "application/json" }, '{"error":{"message":"bad tool","param":"tools"}, "odd":  1}'],
    [500, { "content-type": "text/html" }, "<html>oops</html>"],
    [404, { "content-type": "application/json" }, '{"detail":"Not Found"}'],
  ])("%s with status, body and retry-after, marked as the provider's", async (status, headers, body) => {
    provider.next({ kind: "answer", status, headers, body });
    const answer = await post(chat());
    expect(answer.status).toBe(status);
    expect(answer.text).toBe(body);
    expect(answer.headers["x-headgate-error-source"]).toBe("upstream");
    expect(answer.headers["retry-after"]).toBe(headers["retry-after" as keyof typeof headers]);
    expect(answer.headers["content-type"]).toBe(headers["content-type"]);
    const row = await ledgerRow(answer.headers["x-request-id"] as string);
    expect(row).toMatchObject({ status, error: "upstream_error", state: "settled" });
  });

  test("a key that the provider quotes in its error is not handed on", async () => {
    provider.next({
      kind: "answer",
      status: 401,
      headers: { "content-type": "application/json" },
      body: `{"error":"Incorrect API key ${providerKey}"}`,
    });
    const answer = await post(chat());
    expect(answer.status).toBe(401);
    expect(answer.text).toBe('{"error":"Incorrect API key [secret]"}');
  });
});

describe("case 29: endpoints that fail", () => {
  test("unreachable is 502, in the caller's dialect", async () => {
    await provider.stop();
    try {
      const openai = await post(chat());
      expect([openai.status, openai.json.error.code]).toEqual([502, "upstream_unreachable"]);
      const anthropic = await post(chat({ max_tokens: 5 }), { "anthropic-version": "2023-06-01" }, "/v1/messages");
      expect(anthropic.json).toMatchObject({
        type: "error",
        error: { type: "api_error" },
        request_id: anthropic.headers["x-request-id"],
      });
      expect(anthropic.headers["x-headgate-error-code"]).toBe("upstream_unreachable");
      const row = await ledgerRow(openai.headers["x-request-id"] as string);
      expect(row).toMatchObject({ status: 502, error: "upstream_unreachable", usage_source: "measured" });
    } finally {
      await provider.start();
    }
  });

  test("a connection that is closed before an answer is 502", async () => {
    provider.next({ kind: "reset", at: "before_headers" });
    const answer = await post(chat());
    expect([answer.status, answer.json.error.code]).toEqual([502, "upstream_unreachable"]);
  });

  test("no first byte of a stream within first_byte is 504, and the provider's connection is closed", async () => {
    provider.next({ kind: "hang", at: "before_headers" });
    const startedAt = Date.now();
    const answer = await post(chat({ model: "hasty", stream: true }));
    expect([answer.status, answer.json.error.code]).toEqual([504, "upstream_timeout"]);
    expect(answer.json.error.message).toContain("first_byte");
    expect(Date.now() - startedAt).toBeLessThan(3000);
    await provider.take().aborted;
    const row = await ledgerRow(answer.headers["x-request-id"] as string);
    expect(row).toMatchObject({ status: 504, usage_source: "estimated" });
  });

  test("the caller's own x-headgate-timeout ends a call earlier", async () => {
    provider.next({ kind: "hang", at: "before_headers" });
    const answer = await post(chat(), { "x-headgate-timeout": "200ms" });
    expect([answer.status, answer.json.error.code]).toEqual([504, "upstream_timeout"]);
    const unreadable = await post(chat(), { "x-headgate-timeout": "soon" });
    expect([unreadable.status, unreadable.json.error.code]).toEqual([400, "invalid_header"]);
  });

  test.each([
    [
      "OpenAI chat",
      "/v1/chat/completions",
      /data: \{"error":\{"message":".*idle.*","type":"api_error","param":null,"code":"upstream_timeout"\}\}\n\n$/,
    ],
    ["Anthropic messages", "/v1/messages", /event: error\ndata: \{"type":"error","error":\{"type":"timeout_error".*\}\n\n$/],
    ["OpenAI responses", "/v1/responses", /event: error\ndata: \{"type":"error","code":"upstream_timeout".*\}\n\n$/],
  ])(
    "a stream that stalls (%s) ends with an error event and no terminator, and is recorded as failed",
    async (_name, target, event) => {
      provider.next({ kind: "stall", afterChunks: 6, comment: ": ping\n\n", everyMs: 50 });
      const answer = await post(chat({ model: "stalling", stream: true, max_tokens: 5, input: "hi" }), {}, target);
      expect(answer.status).toBe(200);
      expect(answer.text).toMatch(event);
      expect(answer.text).not.toMatch(/\[DONE\]|message_stop|response\.completed/);
      expect(answer.ended).toBe("cut");
      const row = await ledgerRow(answer.headers["x-request-id"] as string);
      expect(row).toMatchObject({ status: 200, error: "upstream_timeout", usage_source: "estimated" });
      expect(row.tokens.output_tokens).toBeGreaterThan(0);
      const usage = await headgate.admin("GET", "/usage");
      expect(usage.body.data[0].errors).toBeGreaterThan(0);
    },
  );

  test("a stream whose connection breaks ends with an error event; a plain answer is cut, never made to look whole", async () => {
    provider.next({ kind: "reset", at: 2 });
    const stream = await post(chat({ stream: true }));
    expect(stream.text).toContain('"code":"upstream_interrupted"');
    expect(stream.ended).toBe("cut");
    provider.next({ kind: "reset", at: 1 });
    const plain = await post(chat());
    expect(plain.ended).toBe("cut");
    expect(await ledgerRow(plain.headers["x-request-id"] as string)).toMatchObject({ error: "upstream_interrupted" });
  });

  test("a stream that ends cleanly but without its terminator is not taken for whole", async () => {
    provider.next({ kind: "truncate", afterChunks: 3 });
    const stream = await post(chat({ stream: true }));
    expect(stream.text).toContain('"code":"upstream_interrupted"');
    expect(stream.ended).toBe("cut");
  });
});

describe("case 30: streams", () => {
  test("chunks arrive as they are sent, unchanged, and usage is recorded without the caller's asking", async () => {
    provider.settings.text = "one two three four";
    const connection = await rawConnect(headgate.url);
    const answer = connection.expect("POST");
    // Each word waits until the caller has the one before it.
    provider.on(/chat/, (_request, usual) => {
      const { chunks, ...head } = usual();
      const seen = (word: string) => answer.until(() => answer.text.includes(word), 10_000, word).catch(() => undefined);
      const steps = chunks.flatMap((chunk): Step[] => {
        const word = /"content":" ?(\w+)"/.exec(chunk.toString())?.[1];
        return word === undefined ? [{ write: chunk }] : [{ write: chunk }, { until: seen(word) }, { waitMs: 5 }];
      });
      return [{ head: { ...head, lengthBytes: 0 } }, ...steps, { end: true }];
    });
    const headers = { authorization: `Bearer ${key}` };
    connection.send(
      rawRequestBytes(headgate.url, { method: "POST", target: "/v1/chat/completions", headers, body: chat({ stream: true }) }),
    );
    await answer.done();
    await connection.destroy();
    for (const word of ["one", " two", " three", " four"]) expect(answer.text).toContain(`"content":"${word}"`);
    const call = provider.take();
    expect(call.json.stream_options).toEqual({ include_usage: true });
    expect(answer.chunks.length).toBeGreaterThan(3);
    expect(answer.text).not.toContain('"choices":[]');
    expect(answer.text.endsWith("data: [DONE]\n\n")).toBe(true);
    expect(answer.ended).toBe("complete");
    const row = await ledgerRow(answer.headers["x-request-id"] as string);
    expect(row).toMatchObject({ status: 200, error: null, stream: true, usage_source: "measured" });
    expect(row.tokens).toMatchObject({ input_tokens: 11, output_tokens: 7 });
    expect(row.ttft_ms).toBeLessThan(row.duration_ms);
  });

  test("a caller who asks for usage gets every byte, the usage chunk included", async () => {
    const answer = await post(chat({ stream: true, stream_options: { include_usage: true } }));
    expect(answer.text).toContain('"choices":[]');
    expect(provider.take().text).toBe(
      JSON.stringify(chat({ stream: true, stream_options: { include_usage: true } })).replace("gpt-4", "upstream-model"),
    );
  });

  test("a provider that refuses stream_options gets the original bytes at once, and is remembered", async () => {
    provider.models = ["picky"];
    await headgate.addEndpoint({ name: "picky", url: `${provider.url}/v1` });
    provider.next({ kind: "refuse_stream_options" }, { times: Number.POSITIVE_INFINITY });
    const body = JSON.stringify({ model: "picky", stream: true, messages: [] });
    const answer = await post(body);
    expect(answer.status).toBe(200);
    expect(answer.headers["x-headgate-attempts"]).toBe("2");
    expect(provider.calls.map((call) => call.json.stream_options)).toEqual([{ include_usage: true }, undefined]);
    expect(provider.calls[1]?.text).toBe(body);
    // Each process that serves calls finds out for itself, once.
    const attempts: number[] = [];
    while (attempts.length < 20 || (attempts.at(-1) !== 1 && attempts.length < 20 + workersOfTests()))
      attempts.push(Number((await post(body)).headers["x-headgate-attempts"]));
    expect(attempts.at(-1)).toBe(1);
    expect(attempts.filter((count) => count !== 1).length).toBeLessThan(Math.max(1, workersOfTests()));
    expect(provider.calls).toHaveLength(2 + attempts.reduce((sum, count) => sum + count, 0));
    const row = await ledgerRow(answer.headers["x-request-id"] as string);
    expect(row.attempts).toHaveLength(2);
    expect(row.attempts.map((attempt: { status: number }) => attempt.status)).toEqual([400, 200]);
    // Nothing measured, nothing invented as measured.
    expect(row.usage_source).toBe("estimated");
  });

  test("a caller who leaves ends the request upstream within a second, and what was streamed is recorded", async () => {
    provider.settings.text = "word ".repeat(200);
    let requestId = "";
    const tookMs = await quickestMs(1000, async () => {
      provider.next({ kind: "drip", everyMs: 20 });
      const connection = await rawConnect(headgate.url);
      connection.send(
        rawRequestBytes(headgate.url, {
          method: "POST",
          target: "/v1/chat/completions",
          headers: { authorization: `Bearer ${key}` },
          body: chat({ stream: true }),
        }),
      );
      const response = await connection.response({ method: "POST" });
      await response.untilBody("word");
      requestId = response.headers["x-request-id"] as string;
      const call = provider.take();
      await connection.destroy();
      const leftAt = Date.now();
      await call.aborted;
      return Date.now() - leftAt;
    });
    expect(tookMs).toBeLessThan(1000);
    const row = await ledgerRow(requestId);
    expect(row).toMatchObject({ status: 499, error: "client_disconnected", usage_source: "estimated", state: "settled" });
    expect(row.tokens.input_tokens).toBeGreaterThan(0);
    expect(row.tokens.output_tokens).toBeGreaterThan(0);
  });

  test("a slow caller slows the provider down instead of filling memory", async () => {
    provider.next({ kind: "huge", bytes: 64 * 2 ** 20, stream: true });
    const connection = await rawConnect(headgate.url);
    connection.send(
      rawRequestBytes(headgate.url, {
        method: "POST",
        target: "/v1/unheard/of",
        headers: { authorization: `Bearer ${key}` },
        body: chat({ stream: true }),
      }),
    );
    const response = await connection.response({ method: "POST" });
    connection.pause();
    const call = provider.take();
    let written = -1;
    await headgate.eventually(async () => {
      if (call.bytesWritten === written) return true;
      written = call.bytesWritten;
      await new Promise((resolve) => setTimeout(resolve, 300));
      return false;
    });
    expect(written).toBeLessThan(24 * 2 ** 20);
    connection.resume();
    await response.done(20_000);
    expect(response.ended).toBe("complete");
    expect(response.body.length).toBeGreaterThanOrEqual(64 * 2 ** 20);
  });
});

describe("case 31: Anthropic, natively", () => {
  test("bytes, path and anthropic-* headers pass; only the key is another", async () => {
    provider.models = ["claude-x"];
    await headgate.addEndpoint({ name: "anthropic", url: provider.url, api_key: "sk-ant-canary", dialect: "anthropic" });
    provider.requests.length = 0;
    const body =
      '{"model":"claude-x", "max_tokens":9007199254740993, "messages":[{"role":"user","content":"hi"}], "thinking":{"type":"enabled"}}';
    const answer = await rawRequest(headgate.url, {
      method: "POST",
      target: "/v1/messages?beta=true",
      headers: {
        "x-api-key": key,
        "anthropic-version": "2023-06-01",
        "anthropic-beta": "a-1,b-2",
        "content-type": "application/json",
      },
      body,
    });
    expect(answer.status).toBe(200);
    const call = provider.take();
    expect(call.text).toBe(body);
    expect(call.url).toBe("/v1/messages?beta=true");
    expect(call.headers).toMatchObject({
      "x-api-key": "sk-ant-canary",
      "anthropic-version": "2023-06-01",
      "anthropic-beta": "a-1,b-2",
    });
    expect(call.headers.authorization).toBeUndefined();
    const row = await ledgerRow(answer.headers["x-request-id"] as string);
    expect(row.tokens).toMatchObject({ input_tokens: 11, output_tokens: 7 });
  });
});

describe("case 32: multipart", () => {
  test("a form's model routes it and is replaced; every other byte passes", async () => {
    const file = Buffer.from([0, 13, 10, 45, 45, 255, 1, 2, 3, 13, 10, 45, 45, 98]);
    const form = (model: string) =>
      Buffer.concat([
        Buffer.from(
          `--b0undary\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\ncontent-type: audio/wav\r\n\r\n`,
        ),
        file,
        Buffer.from(`\r\n--b0undary\r\ncontent-disposition: form-data; name="model"\r\n\r\n${model}\r\n--b0undary--\r\n`),
      ]);
    const answer = await post(
      form("gpt-4"),
      { "content-type": "multipart/form-data; boundary=b0undary" },
      "/v1/audio/transcriptions",
    );
    expect(answer.status).toBe(200);
    const call = provider.take();
    expect(call.body.equals(form("upstream-model"))).toBe(true);
    expect(call.headers["content-length"]).toBe(String(form("upstream-model").length));
    expect(call.headers["content-type"]).toBe("multipart/form-data; boundary=b0undary");
  });

  test("a form without a model is 400 model_required", async () => {
    const answer = await post(
      '--b\r\ncontent-disposition: form-data; name="x"\r\n\r\n1\r\n--b--\r\n',
      { "content-type": "multipart/form-data; boundary=b" },
      "/v1/audio/transcriptions",
    );
    expect([answer.status, answer.json.error.code]).toEqual([400, "model_required"]);
  });
});

describe("case 33: headers", () => {
  test("nothing of the caller's that is not the provider's business goes upstream", async () => {
    await post(chat(), {
      cookie: "session=1",
      "x-forwarded-for": "10.0.0.1",
      "x-forwarded-anything": "1",
      forwarded: "for=10.0.0.1",
      "x-real-ip": "10.0.0.1",
      via: "1.1 proxy",
      "x-headgate-session": "s1",
      "x-api-key": key,
      te: "trailers",
      connection: "keep-alive, x-hop",
      "x-hop": "1",
      "x-custom": "stays",
      "openai-organization": "org-1",
      "accept-encoding": "gzip, br",
    });
    const { headers } = provider.take();
    for (const name of [
      "cookie",
      "x-forwarded-for",
      "x-forwarded-anything",
      "forwarded",
      "x-real-ip",
      "via",
      "x-headgate-session",
      "x-api-key",
      "te",
      "x-hop",
    ]) {
      expect(headers[name]).toBeUndefined();
    }
    expect(headers).toMatchObject({
      "x-custom": "stays",
      "openai-organization": "org-1",
      "accept-encoding": "identity",
      authorization: `Bearer ${providerKey}`,
      host: new URL(provider.url).host,
    });
  });

  test("the provider's cookies and echoes of its key do not come back; ours are added", async () => {
    provider.next({
      kind: "headers",
      headers: {
        "set-cookie": ["a=1", "b=2"],
        "x-echo": `you sent ${providerKey}`,
        "x-request-id": "req_upstream",
        "openai-processing-ms": "12",
        "x-headgate-model": "a lie",
      },
    });
    const answer = await post(chat());
    expect(answer.headers["set-cookie"]).toBeUndefined();
    expect(answer.headers["x-echo"]).toBeUndefined();
    expect(answer.headers).toMatchObject({
      "openai-processing-ms": "12",
      "x-headgate-model": "gpt-4",
      "x-headgate-endpoint": "prod",
      "x-headgate-attempts": "1",
      "x-headgate-upstream-request-id": "req_upstream",
    });
    expect(answer.headers["x-request-id"]).toMatch(/^req_[0-9a-f]{32}$/);
  });

  test("an endpoint's own headers, query and credential header are sent as configured", async () => {
    provider.models = ["azure-like"];
    await headgate.addEndpoint({
      name: "custom",
      url: `${provider.url}/v1`,
      api_key: "secret-1",
      auth_header_name: "X-Auth",
      auth_header_prefix: "Token ",
      headers: { "X-Team": "research" },
      query: { "api-version": "2024-10-21" },
    });
    provider.requests.length = 0;
    await post({ model: "azure-like" }, { "x-team": "mine", "x-auth": "mine" }, "/v1/chat/completions?api-version=1&x=%20y");
    const call = provider.take();
    expect(call.headers).toMatchObject({ "x-team": "research", "x-auth": "Token secret-1" });
    expect(call.url).toBe("/v1/chat/completions?x=%20y&api-version=2024-10-21");
  });
});

describe("case 41: an error inside a 200 stream", () => {
  test("is recorded as an error, with the tokens seen", async () => {
    provider.next({ kind: "error_event", afterChunks: 3 });
    const answer = await post(chat({ stream: true }));
    expect(answer.status).toBe(200);
    expect(answer.text).toContain("The scripted provider broke this stream.");
    const row = await ledgerRow(answer.headers["x-request-id"] as string);
    expect(row).toMatchObject({ status: 200, error: "stream_error" });
    expect(row.tokens.output_tokens).toBeGreaterThan(0);
  });
});

describe("case 43: paths that could leave the endpoint", () => {
  test.each([
    "http://evil.example/v1/chat/completions",
    "/v1//evil.example/chat",
    "/v1/../admin/api/v1/keys",
    "/v1/%2e%2e/%2e%2e/x",
    "/v1/%252e%252e/x",
    "/v1/..%5c..%5cx",
    "/v1/a\\b",
    "/v1/https://evil.example/x",
  ])("%s is 400 invalid_path, and nothing goes anywhere", async (target) => {
    const answer = await post(chat(), {}, target);
    expect([answer.status, answer.json.error.code]).toEqual([400, "invalid_path"]);
    expect(provider.requests).toHaveLength(0);
  });
});

describe("other shapes", () => {
  test("Gemini: the model in the path routes the call and is replaced there", async () => {
    provider.models = ["gemini-real"];
    await headgate.addEndpoint({
      name: "google",
      url: provider.url,
      api_key: "goog",
      dialect: "gemini",
      aliases: { "gemini-real": "gemini-pro" },
    });
    provider.requests.length = 0;
    const body = '{"contents":[{"parts":[{"text":"hi"}]}]}';
    const answer = await rawRequest(headgate.url, {
      method: "POST",
      target: "/v1beta/models/gemini-pro:generateContent?key=leak",
      headers: { "x-goog-api-key": key },
      body,
    });
    expect(answer.status).toBe(200);
    const call = provider.take();
    expect(call.url).toBe("/v1beta/models/gemini-real:generateContent");
    expect(call.text).toBe(body);
    expect(call.headers["x-goog-api-key"]).toBe("goog");
    const unknown = await rawRequest(headgate.url, {
      method: "POST",
      target: "/v1beta/models/nope:generateContent",
      headers: { "x-goog-api-key": key },
      body,
    });
    expect(unknown.json.error).toMatchObject({ code: 404, status: "NOT_FOUND" });
  });

  test("a named endpoint takes any method, path and body, for keys with the scope; the model's access still holds", async () => {
    const ask = (method: string, target: string, body?: string | object, token = key, headers = {}) =>
      rawRequest(headgate.url, {
        method,
        target,
        headers: { authorization: `Bearer ${token}`, ...headers },
        ...(body === undefined ? {} : { body }),
      });
    provider.on("/v1/files", () => ({ kind: "answer", body: { data: [] } }));
    expect((await ask("GET", "/endpoints/prod/v1/files?limit=2")).status).toBe(200);
    expect(provider.take().url).toBe("/v1/files?limit=2");
    expect(
      (await ask("POST", "/endpoints/prod/v1/files", "raw bytes", key, { "content-type": "application/octet-stream" })).status,
    ).toBe(200);
    expect(provider.take().text).toBe("raw bytes");
    expect((await ask("POST", "/endpoints/prod/v1/chat/completions", { model: "upstream-model" })).status).toBe(200);
    const narrow = await headgate.createKey({ scopes: ["inference", "passthrough"], models: ["other-model"] });
    expect((await ask("POST", "/endpoints/prod/v1/chat/completions", { model: "upstream-model" }, narrow)).status).toBe(404);
    expect((await ask("GET", "/endpoints/nowhere/v1/files")).status).toBe(404);
    const noModel = await ask("GET", "/v1/files");
    expect([noModel.status, noModel.json.error.code]).toEqual([400, "model_required"]);
    expect(noModel.json.error.message).toContain("/endpoints/{name}/v1/");
  });

  test("unknown paths are 404 in JSON; a WebSocket upgrade is 501", async () => {
    const unknown = await rawRequest(headgate.url, { target: "/nowhere" });
    expect([unknown.status, unknown.json.error.code]).toEqual([404, "not_found"]);
    const upgrade = await rawRequest(headgate.url, {
      target: "/v1/realtime?model=gpt-4",
      headers: {
        authorization: `Bearer ${key}`,
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-key": "x",
        "sec-websocket-version": "13",
      },
    });
    expect([upgrade.status, upgrade.json.error.code]).toEqual([501, "upgrade_not_supported"]);
  });

  test("models are listed in OpenAI's and Anthropic's shape, only what the caller may use", async () => {
    const narrow = await headgate.createKey({ models: ["gpt-4"] });
    const openai = await rawRequest(headgate.url, { target: "/v1/models", headers: { authorization: `Bearer ${narrow}` } });
    expect(openai.json).toMatchObject({ object: "list", data: [{ id: "gpt-4", object: "model" }] });
    const anthropic = await rawRequest(headgate.url, {
      target: "/v1/models",
      headers: { "x-api-key": narrow, "anthropic-version": "2023-06-01" },
    });
    expect(anthropic.json).toMatchObject({
      data: [{ type: "model", id: "gpt-4", display_name: "gpt-4" }],
      has_more: false,
      first_id: "gpt-4",
    });
    const one = await rawRequest(headgate.url, {
      target: "/v1/models/other-model",
      headers: { authorization: `Bearer ${narrow}` },
    });
    expect(one.status).toBe(404);
  });

  test("an offline model is 503 with retry-after", async () => {
    provider.models = ["fleeting"];
    const { id } = await headgate.addEndpoint({ name: "fleeting", url: `${provider.url}/v1` });
    provider.models = ["something-else"];
    await headgate.admin("POST", `/endpoints/${id}/synchronize`);
    const answer = await post({ model: "fleeting" });
    expect([answer.status, answer.json.error.code]).toEqual([503, "model_offline"]);
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
  });
});
