// Entries of a manifest that share a model: all are used, each covers for the others, and what callers are told when none can.
import { beforeEach, describe, expect, test } from "vitest";
import { Caller, callMany, tally } from "../../support/caller.ts";
import { startCountingProvider } from "../../support/counting-provider.ts";
import { eventually } from "../../support/eventually.ts";
import { manifestEntry } from "../../support/manifest-server.ts";
import type { Behaviour } from "../../support/provider/behaviour.ts";
import { type Provider, startProvider } from "../../support/provider.ts";
import { rawConnect, rawRequestBytes } from "../../support/raw-http.ts";
import { chatPath, type DirectOptions, startDirectGateway, userToken } from "./direct-gateway.ts";

const tokens = { a: "sk-key-of-a", b: "sk-key-of-b" };
const pool = (urlOfA: string, urlOfB: string, fieldsOfA: object = {}) => ({
  a: manifestEntry({ url: urlOfA, endpoint_id: "a", experts: ["gpt-4"], ...fieldsOfA }),
  b: manifestEntry({ url: urlOfB, endpoint_id: "b", experts: ["gpt-4"] }),
});

let a: Provider;
let b: Provider;
beforeEach(async () => {
  [a, b] = await Promise.all([startProvider({ requireKey: tokens.a }), startProvider({ requireKey: tokens.b })]);
  return () => Promise.all([a.close(), b.close()]);
});

const start = (options: Partial<DirectOptions> = {}) =>
  startDirectGateway({ manifest: pool(a.url, b.url), tokens, workersMax: 1, ...options });
const stream = { body: { model: "gpt-4", stream: true, messages: [{ role: "user", content: "hi" }] } };

/** So that a's misfortune is met whatever the choice: both are called until a was. */
async function untilACalled<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    const before = a.calls.length;
    const answer = await call();
    if (a.calls.length > before) return answer;
  }
}

// Again when it fails: on a machine that stalls, equal endpoints are not equal all the time.
test("case 11: two Live entries of a model get 40-60 % of 1,000 requests each", { retry: 2 }, async () => {
  const [first, second] = await Promise.all([startCountingProvider(), startCountingProvider()]);
  const { headgate } = await start({ manifest: pool(first.baseUrl, second.baseUrl), logLevel: "warn" });
  const caller = new Caller(headgate.url, userToken);
  try {
    const answers = await callMany(1000, 10, () => caller.call("gpt-4", { path: chatPath }));
    expect(tally(answers.map(({ status, attempts }) => `${status} after ${attempts}`))).toEqual({ "200 after 1": 1000 });
    expect(tally(answers.map(({ endpoint }) => endpoint))).toEqual({ metis: 1000 });
    expect(first.calls + second.calls).toBe(1000);
    expect(first.calls).toBeGreaterThanOrEqual(400);
    expect(first.calls).toBeLessThanOrEqual(600);
  } finally {
    await Promise.all([caller.close(), first.stop(), second.stop()]);
  }
});

describe("case 12: when one entry fails, the caller gets the other's answer", () => {
  const failures: Record<string, Behaviour | "refuses connections"> = {
    "answers 500": { kind: "answer", status: 500, body: { error: { message: "broken" } } },
    "resets the connection": { kind: "reset", at: "before_headers" },
    "says nothing within first_byte": { kind: "hang", at: "before_headers" },
    "refuses our key": { kind: "answer", status: 401, body: { error: { message: "bad key" } } },
    "refuses connections": "refuses connections",
  };
  test.each(Object.entries(failures))("one that %s", async (_what, failure) => {
    // Those that answer have to be that quick, too: only where it is needed.
    const isSilent = failure !== "refuses connections" && failure.kind === "hang";
    const { chat, headgate } = await start(isSilent ? { config: { timeouts: { first_byte: "1500ms" } } } : {});
    if (failure === "refuses connections") await a.stop();
    else a.next(failure, { times: Number.POSITIVE_INFINITY });
    const attempts = new Set<string | undefined>();
    for (let call = 0; call < 20; call++) {
      const answer = await chat("gpt-4");
      expect([answer.status, answer.json.object]).toEqual([200, "chat.completion"]);
      expect(answer.headers["x-headgate-endpoint"]).toBe("metis");
      attempts.add(answer.headers["x-headgate-attempts"]);
    }
    expect([...attempts].sort()).toEqual(["1", "2"]);
    // Each got its own key alone.
    for (const { headers } of a.calls) expect(headers.authorization).toBe(`Bearer ${tokens.a}`);
    for (const { headers } of b.calls) expect(headers.authorization).toBe(`Bearer ${tokens.b}`);
    await eventually(() => headgate.logText().includes("a deployment's health has changed"));
  });

  test("after 5 failures in a row it is benched: it gets no calls, and the metrics say so", async () => {
    const { chat, headgate } = await start();
    a.next({ kind: "answer", status: 500 }, { times: Number.POSITIVE_INFINITY });
    await eventually(async () => {
      expect((await chat("gpt-4")).status).toBe(200);
      return headgate.logText().includes('"to":"benched"');
    });
    expect(a.calls).toHaveLength(5);
    const metrics = await (
      await fetch(`${headgate.url}/metrics`, { headers: { authorization: `Bearer ${headgate.adminToken}` } })
    ).text();
    expect(metrics).toMatch(/^headgate_health_transitions_total\{[^}]*to="benched"[^}]*\} 1$/m);
    expect(metrics).toMatch(/^headgate_deployment_available\{[^}]*endpoint="metis\.a"[^}]*\} 0$/m);
  });
});

describe("case 13: what the caller has done wrong is the caller's to hear", () => {
  test.each([400, 404, 413, 422])("%i passes through, body and all, and nobody else is asked", async (status) => {
    const { chat } = await start();
    const body = '{"error": {"message":"your fault",  "type":"invalid_request_error","param":null,"code":"x"}}';
    const behaviour: Behaviour = { kind: "answer", status, headers: { "content-type": "application/json" }, body };
    for (const provider of [a, b]) provider.next(behaviour);
    const answer = await chat("gpt-4");
    expect([answer.status, answer.text]).toEqual([status, body]);
    expect(answer.headers).toMatchObject({ "x-headgate-attempts": "1", "x-headgate-error-source": "upstream" });
    expect(a.calls.length + b.calls.length).toBe(1);
  });

  test("429 of one entry: the other is asked", async () => {
    const { chat } = await start();
    a.next({ kind: "answer", status: 429, headers: { "retry-after": "30" } }, { times: Number.POSITIVE_INFINITY });
    expect((await untilACalled(() => chat("gpt-4"))).status).toBe(200);
  });

  test("429 of both: 429 with the smallest retry-after", async () => {
    const { chat } = await start();
    const refusal = (seconds: string): Behaviour => ({
      kind: "answer",
      status: 429,
      headers: { "retry-after": seconds, "content-type": "application/json" },
      body: '{"error":{"message":"slow down"}}',
    });
    a.next(refusal("30"));
    b.next(refusal("7"));
    const answer = await chat("gpt-4");
    expect([answer.status, answer.headers["retry-after"], a.calls.length, b.calls.length]).toEqual([429, "7", 1, 1]);
  });
});

describe("case 14: streams that fail", () => {
  test("after the first chunk: an error event, no [DONE], no text of ours as the assistant's, and no second try", async () => {
    const { chat } = await start();
    for (const provider of [a, b]) provider.next({ kind: "reset", at: 2 });
    const answer = await chat("gpt-4", stream);
    expect(answer.status).toBe(200);
    const events = answer.text.split("\n\n").filter((event) => event !== "");
    expect(JSON.parse(events.at(-1)?.replace(/^data: /, "") ?? "")).toMatchObject({
      error: { code: "upstream_interrupted", message: expect.any(String) },
    });
    expect(answer.text).not.toContain("[DONE]");
    expect(answer.text).not.toContain("[ERROR]");
    expect(answer.text).not.toContain("127.0.0.1");
    expect(events.slice(0, -1).every((event) => JSON.parse(event.slice(6)).object === "chat.completion.chunk")).toBe(true);
    expect(a.calls.length + b.calls.length).toBe(1);
  });

  test("before the first byte: the other entry's stream", async () => {
    const { chat } = await start();
    a.next({ kind: "error_event", afterChunks: 0 }, { times: Number.POSITIVE_INFINITY });
    const answer = await untilACalled(() => chat("gpt-4", stream));
    expect([answer.status, answer.headers["x-headgate-attempts"]]).toEqual([200, "2"]);
    expect(answer.text).toMatch(/data: \[DONE\]\n\n$/);
  });

  test("before the first byte at both: a real status", async () => {
    const { chat } = await start();
    for (const provider of [a, b]) provider.next({ kind: "reset", at: "before_headers" });
    const answer = await chat("gpt-4", stream);
    expect([answer.status, answer.json.error.code]).toEqual([502, "upstream_unreachable"]);
    expect(answer.text).not.toContain("127.0.0.1");
  });
});

// Again when it fails: a machine that stalls may take the second for itself.
test("case 15: a caller who leaves a stream ends it upstream within a second, and what came is accounted for", {
  retry: 2,
}, async () => {
  const { headgate } = await start();
  const stalled: Behaviour = { kind: "stall", afterChunks: 2 };
  for (const provider of [a, b]) provider.next(stalled);
  const connection = await rawConnect(headgate.url);
  const headers = { authorization: `Bearer ${userToken}` };
  connection.send(rawRequestBytes(headgate.url, { method: "POST", target: chatPath, headers, body: stream.body }));
  const answer = await connection.response();
  await answer.untilBody("chat.completion.chunk");
  const [sent] = [...a.calls, ...b.calls];
  const leftAtMs = Date.now();
  connection.socket.destroy();
  expect(await sent?.finished).toBe("aborted");
  expect(Date.now() - leftAtMs).toBeLessThan(1000);
  const requestId = answer.headers["x-request-id"];
  const row = await headgate.eventually(async () => {
    const { status, body } = await headgate.admin("GET", `/requests/${requestId}`);
    return status === 200 && body.state !== "in_progress" && body;
  });
  expect(row.attempts).toHaveLength(1);
  expect(row.attempts[0].tokens.output_tokens).toBeGreaterThan(0);
});
