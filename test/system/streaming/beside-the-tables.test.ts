// What docs/streaming.md says beside its tables.
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Headgate, startHeadgate } from "../../support/headgate.ts";
import type { Answer } from "../../support/provider/answer.ts";
import type { Step } from "../../support/provider/step.ts";
import { type Provider, startProvider } from "../../support/provider.ts";
import type { RawResponse } from "../../support/raw-http/raw-response.ts";
import { rawConnect, rawRequestBytes } from "../../support/raw-http.ts";
import { type StreamKind, streamKinds } from "./stream-kinds.ts";

const [chat, responses, messages, unknown] = streamKinds as [StreamKind, StreamKind, StreamKind, StreamKind];

let provider: Provider;
let headgate: Headgate;
let key: string;

beforeAll(async () => {
  provider = await startProvider({ text: "word ".repeat(24).trim() });
  headgate = await startHeadgate();
  const endpoint = { name: "hasty", url: `${provider.url}/v1`, sync: false, sync_interval: 0 };
  await headgate.addEndpoint({ ...endpoint, models: ["hasty"], timeouts: { idle: "400ms" } });
  await headgate.addEndpoint({ ...endpoint, name: "short", models: ["short"], timeouts: { total: "700ms" } });
  key = await headgate.createKey();
});
afterAll(async () => {
  await headgate?.stop();
  await provider?.close();
});
beforeEach(() => provider.reset());

interface CallOptions {
  model?: string;
  target?: string;
  headers?: Record<string, string>;
}

async function begin(kind: StreamKind, { model = "hasty", target = kind.target, headers = {} }: CallOptions = {}) {
  const connection = await rawConnect(headgate.url);
  const all = { ...kind.headers(key), ...headers };
  connection.send(rawRequestBytes(headgate.url, { method: "POST", target, headers: all, body: kind.body(model) }));
  return { connection, response: await connection.response({ method: "POST" }) };
}

async function call(kind: StreamKind, options?: CallOptions): Promise<RawResponse> {
  const { connection, response } = await begin(kind, options);
  await response.done().finally(() => connection.destroy());
  return response;
}

const ledgerRow = ({ headers }: RawResponse) =>
  headgate.eventually(async () => {
    const { status, body } = await headgate.admin("GET", `/requests/${headers["x-request-id"]}`);
    return status === 200 && body.state !== "in_progress" && body;
  });

const headOf = ({ status, headers, framing }: Omit<Answer, "chunks">): Step => ({
  head: { status, headers, framing, lengthBytes: 0 },
});
const write = (bytes: string | Buffer): Step => ({ write: Buffer.from(bytes) });

/** Answers every call with these bytes under these headers; then the connection breaks. */
function breakBehind(headers: Record<string, string>, bytes: string | Buffer): void {
  provider.on(/./, () => [headOf({ status: 200, headers, framing: "chunked" }), write(bytes), { reset: "rst" }]);
}

/** Answers every call with a stream whose third word is followed by `steps`. */
function streamThen(kind: StreamKind, ...steps: Step[]): void {
  provider.on(/./, (_request, usual) => {
    const { chunks, ...head } = usual();
    return [headOf(head), ...chunks.slice(0, kind.toThirdWord).map(write), ...steps];
  });
}

const endpointsError = 'data: {"error": {"message":"The endpoint\'s own words", "type":"server_error"}}\n\n';

describe("kinds", () => {
  test("NDJSON that breaks is cut without a word in the body", async () => {
    breakBehind({ "content-type": "application/x-ndjson" }, '{"word":1}\n{"wo');
    const answer = await call(unknown);
    expect([answer.text, answer.ended]).toEqual(['{"word":1}\n{"wo', "cut"]);
    expect(await ledgerRow(answer)).toMatchObject({ status: 200, error: "upstream_interrupted" });
  });

  test("a compressed stream that breaks is cut without a word in the body", async () => {
    const bytes = gzipSync("data: {}\n\n");
    breakBehind({ "content-type": "text/event-stream", "content-encoding": "gzip" }, bytes);
    const answer = await call(unknown);
    expect([answer.body.toString("hex"), answer.ended]).toEqual([bytes.toString("hex"), "cut"]);
  });

  test("Text/Event-Stream is an event stream", async () => {
    breakBehind({ "content-type": "Text/Event-Stream" }, 'data: {"word":1}\n\n');
    expect((await call(unknown)).text).toContain('"code":"upstream_interrupted"');
  });

  test("legacy completions get chat's event, and an unknown path Anthropic's when its caller is Anthropic's", async () => {
    provider.next({ kind: "reset", at: 3 }, { times: 2 });
    const legacy = await call(chat, { target: "/v1/completions" });
    const foreign = await call(unknown, { headers: { "anthropic-version": "2023-06-01" } });
    for (const [kind, { text, headers, ended }] of [[chat, legacy] as const, [messages, foreign] as const]) {
      const requestId = headers["x-request-id"] as string;
      const message = "The endpoint broke off its answer.";
      expect(text.endsWith(`\n\n${kind.errorEvent({ code: "upstream_interrupted", message, requestId })}`)).toBe(true);
      expect(ended).toBe("cut");
    }
  });

  test("an HTTP/1.0 caller, which knows no chunks, gets a reset behind the event", async () => {
    provider.next({ kind: "reset", at: chat.toThirdWord });
    const connection = await rawConnect(headgate.url);
    const request = { method: "POST", target: chat.target, headers: chat.headers(key), body: chat.body("hasty") };
    connection.send(rawRequestBytes(headgate.url, request).toString().replace("HTTP/1.1", "HTTP/1.0"));
    const answer = await (await connection.response({ method: "POST" })).done();
    expect(answer.text).toContain('"code":"upstream_interrupted"');
    expect(answer.ended).toBe("cut");
  });
});

describe("behind an error event of the endpoint's own", () => {
  test("what follows passes too, and the connection is cut all the same", async () => {
    streamThen(chat, write(endpointsError), write("data: [DONE]\n\n"), { end: true });
    const answer = await call(chat);
    expect(answer.text.endsWith(`${endpointsError}data: [DONE]\n\n`)).toBe(true);
    expect(answer.ended).toBe("cut");
  });

  test.each([
    ["a reset", { reset: "rst" } as const],
    ["a stall", { hang: true } as const],
  ])("%s adds no second event, and stream_error stays the outcome", async (_name, step) => {
    streamThen(chat, write(endpointsError), step);
    const answer = await call(chat);
    const row = await ledgerRow(answer);
    expect(row.error).toBe("stream_error");
    expect(answer.text.endsWith(endpointsError)).toBe(true);
    expect(answer.ended).toBe("cut");
  });

  test("response.failed is error and terminator at once: as sent, and stream_error in the ledger", async () => {
    const error = { code: "server_error", message: "The endpoint's own words" };
    const data = {
      type: "response.failed",
      response: { id: "resp_1", status: "failed", error, usage: null },
      sequence_number: 9,
    };
    const failed = `event: response.failed\ndata: ${JSON.stringify(data)}\n\n`;
    streamThen(responses, write(failed), { end: true });
    const answer = await call(responses);
    expect([answer.text.endsWith(failed), answer.ended]).toEqual([true, "complete"]);
    expect(await ledgerRow(answer)).toMatchObject({ status: 200, error: "stream_error", usage_source: "estimated" });
  });
});

test("behind the terminator nothing can break any more: an endpoint that does not hang up is left after `idle`", async () => {
  provider.on(/./, (_request, usual) => {
    const { chunks, ...head } = usual();
    return [headOf(head), ...chunks.map(write), { hang: true }];
  });
  const answer = await call(chat);
  expect([answer.text.endsWith("data: [DONE]\n\n"), answer.ended]).toEqual([true, "complete"]);
  expect(await ledgerRow(answer)).toMatchObject({ status: 200, error: null, usage_source: "measured" });
  await provider.take().aborted;
});

test("comments in any number are no progress", async () => {
  provider.next({ kind: "stall", afterChunks: chat.toThirdWord, comment: ": keep-alive\n\n".repeat(100_000), everyMs: 100 });
  expect((await call(chat)).text).toContain("(idle timeout)");
});

test("`total` passes for a slow caller too: upstream ends at once", async () => {
  const piece = Buffer.from(`data: {"text":"${"x".repeat(30_000)}"}\n\n`);
  streamThen(unknown, { repeat: piece, times: 3000 }, { end: true });
  const { connection, response } = await begin(unknown, { model: "short" });
  connection.pause();
  const request = await provider.waitForRequest();
  await request.aborted;
  // Not when the caller has read all that is on its way: it reads nothing.
  expect(Date.now() - request.at).toBeLessThan(8000);
  connection.resume();
  await response.done();
  expect(response.ended).toBe("cut");
  expect(response.text.slice(-300)).toContain("(total timeout)");
  expect(await ledgerRow(response)).toMatchObject({ status: 200, error: "upstream_timeout" });
});
