// The acceptance cases about failures and streams of the two systems that Headgate replaces, by their numbers. Others of them name the
// tests beside this one: first-gateway 11 (shares), 13 and 14 (failover, all-failing), 15 (callers-gone), control-layer 34 and 35
// (virtual-models).
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Caller, type CallOptions, callMany, jsonOf, tally } from "../../support/caller.ts";
import { type Headgate, startHeadgate } from "../../support/headgate.ts";
import type { Behaviour } from "../../support/provider/behaviour.ts";
import type { RecordedRequest } from "../../support/provider/recorded-request.ts";
import { usualAnswer } from "../../support/provider/usual-answer.ts";
import { type Provider, startProvider } from "../../support/provider.ts";
import { quickestMs } from "../../support/quickest.ts";
import { rawConnect, rawRequestBytes } from "../../support/raw-http.ts";
import { withoutUsageChunk } from "../streaming/observed.ts";
import { type StreamKind, streamKinds } from "../streaming/stream-kinds.ts";
import { addEndpoint, healthAt, ledgerRow, patchModel } from "./pool.ts";

const [chat] = streamKinds as [StreamKind];
const stream: CallOptions = { body: { stream: true } };

let a: Provider;
let b: Provider;
let headgate: Headgate;
let caller: Caller;
let key: string;

beforeAll(async () => {
  [a, b] = await Promise.all([startProvider(), startProvider()]);
  headgate = await startHeadgate({ workersMax: 1 });
  key = await headgate.createKey();
  caller = new Caller(headgate.url, key);
});
afterAll(async () => {
  await caller?.close();
  await headgate?.stop();
  await a?.close();
  await b?.close();
});

/** One endpoint for a model of this name. */
async function alone(model: string, fields: object = {}, baseUrl = `${a.url}/v1`): Promise<void> {
  await addEndpoint(headgate, model, baseUrl, [model], fields);
}

const callsOf = (model: string) => (request: RecordedRequest) => request.json?.model === model;
const fail = (model: string, behaviour: Behaviour, times = 1) => a.next(behaviour, { match: callsOf(model), times });

async function metrics(): Promise<string> {
  const response = await fetch(`${headgate.url}/metrics`, { headers: { authorization: `Bearer ${headgate.adminToken}` } });
  return response.text();
}

describe.concurrent("first-gateway 12: an entry fails, the client gets the other's 200; it is benched, and that is counted", () => {
  test.each([
    ["answers-500", { kind: "answer", status: 500, body: "no" }, /status 500$/],
    ["refuses", null, /not connected$/],
    ["times-out", { kind: "hang", at: "before_headers" }, /first_byte timeout$/],
  ] as [string, Behaviour | null, RegExp][])("%s", async (model, behaviour, cause) => {
    const baseUrl = behaviour === null ? "http://127.0.0.1:1/v1" : `${a.url}/v1`;
    // Short only where it is waited for: a machine that stalls must not turn another failure into this one.
    const firstByte = behaviour?.kind === "hang" ? "200ms" : "10s";
    await addEndpoint(headgate, `${model}-a`, baseUrl, [model], { timeouts: { first_byte: firstByte } });
    await addEndpoint(headgate, `${model}-b`, `${b.url}/v1`, [model]);
    await patchModel(headgate, model, { strategy: "weighted" });
    if (behaviour !== null) fail(model, behaviour, Number.POSITIVE_INFINITY);
    const answers = await callMany(40, 2, () => caller.call(model));
    expect(tally(answers.map(({ status, endpoint }) => `${status} ${endpoint}`))).toEqual({ [`200 ${model}-b`]: 40 });
    const health = await healthAt(headgate, model, `${model}-a`);
    expect(health.status).toBe("benched");
    expect(health.cause).toMatch(/^5 failures in a row: /);
    expect(health.cause).toMatch(cause);
    // Five that found out, and those that were under way with the fifth.
    const retried = answers.filter(({ attempts }) => attempts > 1).length;
    expect(retried).toBeGreaterThanOrEqual(5);
    expect(retried).toBeLessThanOrEqual(7);
    const counted = await metrics();
    for (const line of [
      `headgate_requests_total{model="${model}",endpoint="${model}-b",status="200"} 40`,
      `headgate_health_transitions_total{endpoint="${model}-a",to="benched"} 1`,
      `headgate_deployment_available{endpoint="${model}-a",upstream_model="${model}"} 0`,
      `headgate_deployment_available{endpoint="${model}-b",upstream_model="${model}"} 1`,
    ]) {
      expect(counted.split("\n")).toContain(line);
    }
  });
});

describe("first-gateway 14: a stream that fails before its first byte", () => {
  test.each([
    ["reset behind the headers", { kind: "reset", at: "after_headers" }, 502],
    ["ends without an event", { kind: "truncate", afterChunks: 0 }, 502],
    ["says nothing", { kind: "hang", at: "after_headers" }, 504],
  ] as [string, Behaviour, number][])("is a real HTTP status when there is no other: %s", async (name, behaviour, status) => {
    const model = `before-${name.replaceAll(" ", "-")}`;
    await alone(model, { timeouts: { first_byte: behaviour.kind === "hang" ? "300ms" : "10s" } });
    fail(model, behaviour);
    const answer = await caller.call(model, stream);
    expect([answer.status, answer.headers["content-type"]]).toEqual([status, "application/json"]);
  });
});

describe("control-layer 28: errors of the provider's are relayed and marked as its own", () => {
  test.each([
    [429, { "retry-after": "17", "content-type": "application/json" }, '{"error": {"message":"Slow down",  "code":null}}'],
    [400, { "content-type": "application/json", "x-provider": "own" }, '{"error":{"message":"No such parameter: top_q"}}'],
    [500, { "content-type": "text/html; charset=utf-8" }, "<html><h1>500</h1>nginx</html>"],
  ])("status %i", async (status, headers, body) => {
    const model = `relayed-${status}`;
    await alone(model);
    fail(model, { kind: "answer", status, headers, body });
    const answer = await caller.call(model);
    expect([answer.status, answer.text]).toEqual([status, body]);
    expect(answer.headers).toMatchObject({ ...headers, "x-headgate-error-source": "upstream", "x-headgate-endpoint": model });
    expect(await ledgerRow(headgate, answer.requestId)).toMatchObject({ status, error: "upstream_error" });
  });
});

describe("control-layer 29", () => {
  test("unreachable: 502 upstream_unreachable", async () => {
    await alone("unreachable", {}, "http://127.0.0.1:1/v1");
    const answer = await caller.call("unreachable");
    expect([answer.status, jsonOf(answer).error.code]).toEqual([502, "upstream_unreachable"]);
    expect(answer.text).not.toContain("127.0.0.1");
  });

  test("no first byte: 504 within the configured limit", async () => {
    await alone("silent", { timeouts: { first_byte: "400ms" } });
    fail("silent", { kind: "hang", at: "before_headers" });
    const answer = await caller.call("silent");
    expect([answer.status, jsonOf(answer).error.code]).toEqual([504, "upstream_timeout"]);
    expect(answer.tookMs).toBeGreaterThanOrEqual(390);
    expect(answer.tookMs).toBeLessThan(10_000);
    // No answer in time means that nobody waits for one any more.
    await (await a.waitForRequest({ match: callsOf("silent") })).aborted;
  });

  test("a stall mid-stream: an SSE error event, and recorded as failed", async () => {
    await alone("stalling", { timeouts: { idle: "400ms" } });
    fail("stalling", { kind: "stall", afterChunks: 3 });
    const answer = await caller.call("stalling", stream);
    expect(answer.status).toBe(200);
    expect(answer.text).toMatch(/\n\ndata: \{"error":\{.*"code":"upstream_timeout"\}\}\n\n$/);
    expect(answer.broken).not.toBeNull();
    const row = await ledgerRow(headgate, answer.requestId);
    expect(row).toMatchObject({ status: 200, error: "upstream_timeout", usage_source: "estimated" });
    const { body } = await headgate.admin("GET", "/requests?status=error&model=stalling");
    expect(body.data).toHaveLength(1);
  });
});

describe("control-layer 30: an SSE stream", () => {
  const begin = async (model: string) => {
    const connection = await rawConnect(headgate.url);
    const request = { method: "POST", target: chat.target, headers: chat.headers(key), body: chat.body(model) };
    connection.send(rawRequestBytes(headgate.url, request));
    return { connection, response: await connection.response({ method: "POST" }) };
  };

  test("passes chunk by chunk, byte for byte; its usage is recorded though the client did not ask for it", async () => {
    a.settings.text = "one two three four five six";
    await alone("streaming");
    fail("streaming", { kind: "drip", everyMs: 60 });
    const { connection, response } = await begin("streaming");
    await response.untilBody("one");
    // The rest is still to be sent there.
    const request = a.take(callsOf("streaming"));
    expect([request.outcome, request.json.stream_options]).toEqual([null, { include_usage: true }]);
    await response.done();
    const sent = Buffer.concat(usualAnswer(request, a.settings).chunks).toString();
    expect(response.text).toBe(withoutUsageChunk(sent, chat));
    expect(response.text).not.toBe(sent);
    // Each in a piece of its own: nothing waited for the next.
    expect(response.chunks.length).toBeGreaterThanOrEqual(6);
    const row = await ledgerRow(headgate, response.headers["x-request-id"] as string);
    const { inputTokens, outputTokens } = a.settings.usage;
    expect(row).toMatchObject({ error: null, usage_source: "measured" });
    expect(row.tokens).toMatchObject({ input_tokens: inputTokens, output_tokens: outputTokens });
    await connection.destroy();
  });

  test("a client that disconnects ends it upstream, and what it had is recorded", async () => {
    await alone("left");
    let requestId = "";
    const tookMs = await quickestMs(1000, async () => {
      fail("left", { kind: "stall", afterChunks: 4 });
      const { connection, response } = await begin("left");
      await response.untilBody("one");
      requestId = response.headers["x-request-id"] as string;
      const request = await a.waitForRequest({ match: callsOf("left") });
      await connection.destroy();
      const leftAtMs = Date.now();
      await request.aborted;
      return Date.now() - leftAtMs;
    });
    expect(tookMs).toBeLessThanOrEqual(1000);
    const row = await ledgerRow(headgate, requestId);
    expect(row).toMatchObject({ status: 499, error: "client_disconnected", usage_source: "estimated" });
    expect(row.tokens.output_tokens).toBeGreaterThan(0);
  });
});
