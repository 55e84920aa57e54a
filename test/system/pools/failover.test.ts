// Which failures of an endpoint are another's chance, and which are the caller's to hear of: one by one, on real sockets.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer as createTlsServer, type Server as TlsServer } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CallAnswered, Caller, type CallOptions, jsonOf } from "../../support/caller.ts";
import { type Headgate, startHeadgate } from "../../support/headgate.ts";
import type { LooseJson } from "../../support/loose-json.ts";
import type { Behaviour } from "../../support/provider/behaviour.ts";
import type { RecordedRequest } from "../../support/provider/recorded-request.ts";
import { type Provider, startProvider } from "../../support/provider.ts";
import { selfSignedCertificate, selfSignedKey } from "../../support/self-signed-certificate.ts";
import { addEndpoint, change, ledgerRow, patchModel } from "./pool.ts";

const anthropicHeaders = { "anthropic-version": "2023-06-01" };

let bad: Provider;
let good: Provider;
let untrusted: TlsServer;
let headgate: Headgate;
let caller: Caller;
let modelsMade = 0;

beforeAll(async () => {
  [bad, good] = await Promise.all([startProvider(), startProvider({ text: "from the second" })]);
  untrusted = createTlsServer({ key: selfSignedKey, cert: selfSignedCertificate }).on("tlsClientError", () => {});
  untrusted.listen(0, "127.0.0.1");
  await once(untrusted, "listening");
  headgate = await startHeadgate();
  caller = new Caller(headgate.url, await headgate.createKey());
});
afterAll(async () => {
  await caller?.close();
  await headgate?.stop();
  await bad?.close();
  await good?.close();
  untrusted?.close();
});
interface FirstEndpoint {
  baseUrl?: string;
  timeouts?: object;
  api_key?: string;
}

/** A virtual model of two targets; the first, at the provider that fails, is always asked first. Its own for each call: nothing is learned. */
async function newModel({ baseUrl = `${bad.url}/v1`, timeouts = {}, ...fields }: FirstEndpoint = {}): Promise<string> {
  const name = `m${++modelsMade}`;
  await addEndpoint(headgate, `${name}-bad`, baseUrl, [`${name}-at-bad`], { timeouts, ...fields });
  await addEndpoint(headgate, `${name}-good`, `${good.url}/v1`, [`${name}-at-good`]);
  const targets = [
    { endpoint: `${name}-bad`, model: `${name}-at-bad` },
    { endpoint: `${name}-good`, model: `${name}-at-good` },
  ];
  await change(headgate, "POST", "/models", { name, strategy: "priority", targets });
  return name;
}

/** What an endpoint was asked for one of these models. */
const callsOf = (provider: Provider, model: string): RecordedRequest[] =>
  provider.calls.filter(({ json }) => json?.model?.startsWith(`${model}-at-`));

/** The provider that fails does so for calls of `model`. */
const fail = (model: string, behaviour: Behaviour, times = 1): void =>
  bad.next(behaviour, { times, match: ({ json }) => json?.model?.startsWith(`${model}-at-`) });

interface Case {
  behaviour?: Behaviour;
  first?: FirstEndpoint | (() => FirstEndpoint);
  call?: CallOptions;
  /** Of the first attempt, as the ledger has it. */
  status: number;
  error: string;
  /** Why there was a second, begins with. */
  why: string;
}

const stream: CallOptions = { body: { stream: true } };
const messagesStream: CallOptions = { path: "/v1/messages", headers: anthropicHeaders, body: { stream: true, max_tokens: 9 } };
const responsesStream: CallOptions = { path: "/v1/responses", body: { stream: true, input: "hi" } };
const answers = (status: number, headers = {}): Behaviour => ({
  kind: "answer",
  status,
  headers,
  body: { error: { message: `the endpoint's own ${status}` } },
});

const statusCase = (status: number, first: FirstEndpoint = {}): Case => ({
  behaviour: answers(status),
  first,
  status,
  error: "upstream_error",
  why: `status ${status} at`,
});

const causes: Record<string, Case> = {
  "connection refused": {
    first: { baseUrl: "http://127.0.0.1:1/v1" },
    status: 502,
    error: "upstream_unreachable",
    why: "not connected at",
  },
  "a certificate that nobody trusts": {
    first: () => ({ baseUrl: `https://127.0.0.1:${(untrusted.address() as AddressInfo).port}/v1` }),
    status: 502,
    error: "upstream_unreachable",
    why: "not connected at",
  },
  "TLS to a port that speaks none": {
    first: () => ({ baseUrl: `https://127.0.0.1:${bad.port}/v1` }),
    status: 502,
    error: "upstream_unreachable",
    why: "not connected at",
  },
  "reset before the headers": {
    behaviour: { kind: "reset", at: "before_headers" },
    status: 502,
    error: "upstream_unreachable",
    why: "connection lost at",
  },
  "reset behind the headers": {
    behaviour: { kind: "reset", at: "after_headers" },
    call: stream,
    status: 502,
    error: "upstream_interrupted",
    why: "connection lost at",
  },
  "no headers within first_byte": {
    behaviour: { kind: "hang", at: "before_headers" },
    first: { timeouts: { first_byte: "300ms" } },
    status: 504,
    error: "upstream_timeout",
    why: "first_byte timeout at",
  },
  "headers and nothing more within first_byte": {
    behaviour: { kind: "hang", at: "after_headers" },
    first: { timeouts: { first_byte: "300ms" } },
    call: stream,
    status: 504,
    error: "upstream_timeout",
    why: "first_byte timeout at",
  },
  "no headers within total": {
    behaviour: { kind: "hang", at: "before_headers" },
    first: { timeouts: { total: "300ms" } },
    status: 504,
    error: "upstream_timeout",
    why: "total timeout at",
  },
  "status 401 to our credential": statusCase(401, { api_key: "sk-of-the-first-endpoint" }),
  "status 403 to our credential": statusCase(403, { api_key: "sk-of-the-first-endpoint" }),
  "status 408": statusCase(408),
  "status 409": statusCase(409),
  "status 425": statusCase(425),
  "status 429": statusCase(429),
  "status 500": statusCase(500),
  "status 502": statusCase(502),
  "status 503": statusCase(503),
  "status 504": statusCase(504),
  "status 529": statusCase(529),
  "an empty 200": {
    behaviour: { kind: "answer", status: 200, headers: { "content-type": "application/json" } },
    status: 200,
    error: "upstream_interrupted",
    why: "empty 200 at",
  },
  "a 204": { behaviour: { kind: "answer", status: 204 }, status: 204, error: "upstream_interrupted", why: "empty 204 at" },
  "a stream that ends before any event": {
    behaviour: { kind: "truncate", afterChunks: 0 },
    call: stream,
    status: 200,
    error: "upstream_interrupted",
    why: "stream ended before any event at",
  },
  "a chat stream whose first event is an error": {
    behaviour: { kind: "error_event", afterChunks: 0 },
    call: stream,
    status: 200,
    error: "stream_error",
    why: "first event is an error (500) at",
  },
  "a Messages stream whose first event is an error": {
    behaviour: { kind: "error_event", afterChunks: 0 },
    call: messagesStream,
    status: 200,
    error: "stream_error",
    why: "first event is an error (529) at",
  },
  "a Responses stream whose first event is an error": {
    behaviour: { kind: "error_event", afterChunks: 0 },
    call: responsesStream,
    status: 200,
    error: "stream_error",
    why: "first event is an error (500) at",
  },
  "a Messages stream whose first event behind a ping is an error": {
    behaviour: {
      kind: "error_event",
      afterChunks: 0,
      data: 'event: ping\ndata: {"type":"ping"}\n\nevent: error\ndata: {"type":"error","error":{"type":"rate_limit_error","message":"m"}}\n\n',
    },
    call: messagesStream,
    status: 200,
    error: "stream_error",
    why: "first event is an error (429) at",
  },
};

const attemptsOf = (row: LooseJson) =>
  row.attempts.map(({ endpoint, upstream_model, status, error }: LooseJson) => [endpoint, upstream_model, status, error]);

describe.concurrent("the call succeeds from the second deployment after (first-gateway 12)", () => {
  test.each(Object.keys(causes))("%s", async (name) => {
    const { behaviour, first, call, status, error, why } = causes[name] as Case;
    const model = await newModel(typeof first === "function" ? first() : first);
    if (behaviour !== undefined) fail(model, behaviour);
    const answer = await caller.call(model, call);
    expect([answer.status, answer.broken, answer.attempts, answer.endpoint]).toEqual([200, null, 2, `${model}-good`]);
    expect(answer.text).toContain("second");
    expect(answer.text).not.toContain("scripted provider broke");
    expect(callsOf(good, model)).toHaveLength(1);
    if (behaviour !== undefined) expect(callsOf(bad, model)).toHaveLength(1);

    const row = await ledgerRow(headgate, answer.requestId);
    expect([row.status, row.error, row.endpoint]).toEqual([200, null, `${model}-good`]);
    expect(attemptsOf(row)).toEqual([
      [`${model}-bad`, `${model}-at-bad`, status, error],
      [`${model}-good`, `${model}-at-good`, 200, null],
    ]);
    expect(row.attempts[0].why).toBe("priority: first of 2");
    expect(row.attempts[1].why).toMatch(new RegExp(`^${why.replaceAll(/[()]/g, "\\$&")} ${model}-bad; priority`));
  });
});

describe.concurrent("the caller hears of it, and nobody else is asked (first-gateway 13)", () => {
  test.each([400, 404, 413, 422])("status %i", async (status) => {
    const model = await newModel();
    fail(model, answers(status));
    const answer = await caller.call(model);
    expect([answer.status, jsonOf(answer).error.message, answer.attempts]).toEqual([status, `the endpoint's own ${status}`, 1]);
    expect(answer.headers["x-headgate-error-source"]).toBe("upstream");
    expect(callsOf(good, model)).toHaveLength(0);
  });

  test.each([401, 403])("status %i from an endpoint without a credential of ours", async (status) => {
    const model = await newModel();
    fail(model, answers(status));
    const answer = await caller.call(model);
    expect([answer.status, answer.attempts, callsOf(good, model).length]).toEqual([status, 1, 0]);
  });

  test.each([
    ["a reset", { kind: "reset", at: 3 }, "upstream_interrupted"],
    ["a clean end without the terminator", { kind: "truncate", afterChunks: 3 }, "upstream_interrupted"],
    ["a stall until idle", { kind: "stall", afterChunks: 3 }, "upstream_timeout"],
  ] as [string, Behaviour, string][])("%s behind the first byte (first-gateway 14)", async (_name, behaviour, error) => {
    // Short only where it is waited for: a machine that stalls must not turn a reset into a timeout.
    const model = await newModel(behaviour.kind === "stall" ? { timeouts: { idle: "300ms" } } : {});
    fail(model, behaviour);
    const answer = await caller.call(model, stream);
    expect([answer.status, answer.attempts, callsOf(good, model).length]).toEqual([200, 1, 0]);
    expect(answer.broken).not.toBeNull();
    expect(answer.text).toMatch(new RegExp(`\\n\\ndata: \\{"error":\\{.*"code":"${error}"\\}\\}\\n\\n$`));
    expect(answer.text).not.toMatch(/\[DONE\]|\[ERROR\]/);
    const row = await ledgerRow(headgate, answer.requestId);
    expect([row.status, row.error, row.attempts.length]).toEqual([200, error, 1]);
  });

  test("the endpoint's own error event behind the first byte", async () => {
    const model = await newModel();
    fail(model, { kind: "error_event", afterChunks: 3 });
    const answer = await caller.call(model, stream);
    expect([answer.status, answer.attempts, callsOf(good, model).length]).toEqual([200, 1, 0]);
    expect(answer.text).toContain("The scripted provider broke this stream.");
    expect(answer.broken).not.toBeNull();
    expect(await ledgerRow(headgate, answer.requestId)).toMatchObject({ status: 200, error: "stream_error" });
  });

  test("a plain answer that breaks in its middle", async () => {
    const model = await newModel();
    fail(model, { kind: "reset", at: 1 });
    const answer = await caller.call(model);
    expect(answer.broken).not.toBeNull();
    expect(callsOf(good, model)).toHaveLength(0);
  });
});

describe.concurrent("callers and administrators can forbid it", () => {
  const outcomes = async (model: string, options: CallOptions = {}): Promise<CallAnswered> => {
    fail(model, answers(503));
    return caller.call(model, options);
  };

  test("x-headgate-no-fallback: true is one attempt", async () => {
    const model = await newModel();
    const answer = await outcomes(model, { headers: { "x-headgate-no-fallback": "true" } });
    expect([answer.status, jsonOf(answer).error.message, answer.attempts]).toEqual([503, "the endpoint's own 503", 1]);
    expect(callsOf(good, model)).toHaveLength(0);
    expect(callsOf(bad, model)[0]?.headers).not.toHaveProperty("x-headgate-no-fallback");
    expect((await outcomes(model, { headers: { "x-headgate-no-fallback": "false" } })).status).toBe(200);
    const wrong = await caller.call(model, { headers: { "x-headgate-no-fallback": "maybe" } });
    expect([wrong.status, jsonOf(wrong).error.code]).toEqual([400, "invalid_header"]);
  });

  test("max_attempts: 1 is one attempt, and null takes it back", async () => {
    const model = await newModel();
    await patchModel(headgate, model, { max_attempts: 1 });
    expect(await outcomes(model)).toMatchObject({ status: 503, attempts: 1 });
    await patchModel(headgate, model, { max_attempts: null });
    expect(await outcomes(model)).toMatchObject({ status: 200, attempts: 2 });
  });

  test("by default no more than four targets are tried; max_attempts says otherwise", async () => {
    const models = Array.from({ length: 6 }, (_, index) => `many-at-${index}`);
    await addEndpoint(headgate, "many", `${bad.url}/v1`, models);
    const targets = models.map((model) => ({ endpoint: "many", model }));
    await change(headgate, "POST", "/models", { name: "many", strategy: "priority", targets });
    fail("many", answers(500), 4);
    expect(await caller.call("many")).toMatchObject({ status: 500, attempts: 4 });
    await patchModel(headgate, "many", { max_attempts: 6 });
    fail("many", answers(500), 5);
    expect(await caller.call("many")).toMatchObject({ status: 200, attempts: 6 });
    const order = callsOf(bad, "many")
      .map(({ json }) => json.model.slice(-1))
      .join("");
    expect(order).toBe("0123012345");
  });

  test("x-headgate-timeout bounds all attempts together", async () => {
    const model = await newModel({ timeouts: { first_byte: "25s" } });
    fail(model, { kind: "hang", at: "before_headers" });
    const answer = await caller.call(model, { headers: { "x-headgate-timeout": "1s" } });
    expect([answer.status, answer.attempts, callsOf(good, model).length]).toEqual([504, 1, 0]);
    expect(answer.tookMs).toBeLessThan(15_000);
  });
});

describe.concurrent("a path that may do its work twice", () => {
  const moderation: CallOptions = { path: "/v1/moderations", body: { input: "hi" } };

  test("is not repeated after a timeout", async () => {
    const model = await newModel({ timeouts: { first_byte: "300ms" } });
    fail(model, { kind: "hang", at: "before_headers" });
    const answer = await caller.call(model, moderation);
    expect([answer.status, jsonOf(answer).error.code, answer.attempts]).toEqual([504, "upstream_timeout", 1]);
    expect(callsOf(good, model)).toHaveLength(0);
  });

  test.each([500, 503, 429])("is repeated after status %i: the endpoint says that it was not done", async (status) => {
    const model = await newModel();
    fail(model, answers(status));
    const answer = await caller.call(model, moderation);
    expect([answer.status, answer.attempts, callsOf(good, model)[0]?.path]).toEqual([200, 2, "/v1/moderations"]);
  });

  test("is repeated when no connection could be made", async () => {
    const model = await newModel({ baseUrl: "http://127.0.0.1:1/v1" });
    expect(await caller.call(model, moderation)).toMatchObject({ status: 200, attempts: 2 });
  });
});
