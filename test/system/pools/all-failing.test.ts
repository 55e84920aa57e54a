// When every endpoint of a model fails: what callers are told, and how much the outage is multiplied.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CallAnswered, Caller, callAtRate, callMany, jsonOf, tally } from "../../support/caller.ts";
import { type CallAnswer, type CountingProvider, startCountingProvider } from "../../support/counting-provider.ts";
import { eventually } from "../../support/eventually.ts";
import { type Headgate, startHeadgate } from "../../support/headgate.ts";
import { addEndpoint, change, ledgerRow } from "./pool.ts";

/** Nothing listens there, and no other test is given that port. */
const refused = "http://127.0.0.1:1/v1";

let headgate: Headgate;
let caller: Caller;
const providers: CountingProvider[] = [];

beforeAll(async () => {
  headgate = await startHeadgate({ logLevel: "warn", workersMax: 1 });
  caller = new Caller(headgate.url, await headgate.createKey());
});
afterAll(async () => {
  await caller?.close();
  await headgate?.stop();
  for (const provider of providers) await provider.stop();
});

/** A virtual model whose targets are asked in this order; each a way to answer, or a URL where nobody does. */
async function modelOver(name: string, answers: (CallAnswer | string)[]): Promise<CountingProvider[]> {
  const own: CountingProvider[] = [];
  const targets: object[] = [];
  for (const [index, answer] of answers.entries()) {
    let baseUrl = answer;
    if (typeof baseUrl !== "string") {
      const provider = await startCountingProvider(baseUrl);
      providers.push(provider);
      own.push(provider);
      baseUrl = provider.baseUrl;
    }
    const endpoint = `${name}-${index}`;
    // Short only where it is waited for: a machine that stalls must not turn an answer into none.
    const isSilent = typeof answer !== "string" && answer.hangs === true;
    await addEndpoint(headgate, endpoint, baseUrl, [endpoint], { timeouts: { first_byte: isSilent ? "300ms" : "10s" } });
    targets.push({ endpoint, model: endpoint, priority: index });
  }
  await change(headgate, "POST", "/models", { name, strategy: "priority", targets });
  return own;
}

const error = (status: number, headers = {}): CallAnswer => ({ status, headers, body: `{"error": {"message":"own ${status}"}}` });

function expectUpstream(answer: CallAnswered, status: number, endpoint: string, attempts: number): void {
  const { status: got, headers, text, endpoint: by, attempts: tried } = answer;
  expect([got, text, by, tried]).toEqual([status, `{"error": {"message":"own ${status}"}}`, endpoint, attempts]);
  expect(headers["x-headgate-error-source"]).toBe("upstream");
}

function expectGateway(answer: CallAnswered, status: number, code: string, attempts: number): void {
  expect([answer.status, jsonOf(answer).error.code, answer.attempts]).toEqual([status, code, attempts]);
  expect(answer.headers["x-headgate-error-source"]).toBe("gateway");
}

describe("what the caller gets", () => {
  test("the last answer of an endpoint, byte for byte", async () => {
    await modelOver("answers", [error(500), error(503), error(502)]);
    expectUpstream(await caller.call("answers"), 502, "answers-2", 3);
  });

  test("the one answer that there was, although another attempt came after it", async () => {
    await modelOver("answer-first", [error(503), refused]);
    await modelOver("answer-last", [refused, error(503)]);
    await modelOver("answer-timeout", [error(500), { hangs: true }]);
    expectUpstream(await caller.call("answer-first"), 503, "answer-first-0", 2);
    expectUpstream(await caller.call("answer-last"), 503, "answer-last-1", 2);
    expectUpstream(await caller.call("answer-timeout"), 500, "answer-timeout-0", 2);
  });

  test("502 upstream_unreachable when none could be reached", async () => {
    await modelOver("unreachable", [refused, refused, refused]);
    const answer = await caller.call("unreachable");
    expectGateway(answer, 502, "upstream_unreachable", 3);
    const { status, error: code, attempts } = await ledgerRow(headgate, answer.requestId);
    expect([status, code]).toEqual([502, "upstream_unreachable"]);
    expect(attempts.map((attempt: { error: string }) => attempt.error)).toEqual(Array(3).fill("upstream_unreachable"));
  });

  test("504 upstream_timeout when none answered in time", async () => {
    const own = await modelOver("silent", [{ hangs: true }, { hangs: true }]);
    expectGateway(await caller.call("silent"), 504, "upstream_timeout", 2);
    // What was sent may still lie there unread.
    await eventually(() => own.every(({ calls }) => calls > 0));
    expect(own.map(({ calls }) => calls)).toEqual([1, 1]);
  });

  test("errors in the dialect of the caller", async () => {
    await modelOver("anthropic", [refused, refused]);
    const headers = { "anthropic-version": "2023-06-01" };
    const answer = await caller.call("anthropic", { path: "/v1/messages", headers, body: { max_tokens: 5 } });
    expect([answer.status, jsonOf(answer).type, jsonOf(answer).error.type]).toEqual([502, "error", "api_error"]);
    expect(answer.headers["x-headgate-error-code"]).toBe("upstream_unreachable");
  });

  test("429 with the smallest retry-after of all (first-gateway 13)", async () => {
    await modelOver("limited", [
      error(429, { "retry-after": "40" }),
      error(429, { "retry-after": "7" }),
      error(429, { "retry-after": "90" }),
    ]);
    const first = await caller.call("limited");
    expectUpstream(first, 429, "limited-2", 3);
    expect(first.headers["retry-after"]).toBe("7");
    // All of them rest: the one that is back first is asked, and what it says is the truth.
    const second = await caller.call("limited");
    expect([second.status, second.attempts, second.endpoint]).toEqual([429, 1, "limited-1"]);
    expect(Number(second.headers["retry-after"])).toBeLessThanOrEqual(7);
  });

  test("a 429 among other failures keeps its retry-after", async () => {
    await modelOver("limited-and-down", [error(429, { "retry-after": "11" }), refused]);
    const answer = await caller.call("limited-and-down");
    expectUpstream(answer, 429, "limited-and-down-0", 2);
    expect(answer.headers["retry-after"]).toBe("11");
  });
});

describe("an outage of all is not multiplied: attempts ≤ 1.2 × requests + 10 per 10 s", () => {
  /** All calls, and the seconds that they took. */
  async function bounded(requests: number, startedAtMs: number, own: CountingProvider[], answers: CallAnswered[]) {
    const attempts = own.reduce((sum, { calls }) => sum + calls, 0);
    const windows = Math.ceil((Date.now() - startedAtMs) / 10_000) + 1;
    const said = `${attempts} attempts of ${requests} requests`;
    expect(answers.reduce((sum, answer) => sum + answer.attempts, 0)).toBe(attempts);
    expect(attempts, said).toBeLessThanOrEqual(1.2 * requests + 10 * windows);
    // The budget is there to be used, too.
    expect(attempts, said).toBeGreaterThan(1.1 * requests);
  }

  test("1,500 calls as quickly as they go, three endpoints that answer 500", async () => {
    const own = await modelOver("down", [error(500), error(500), error(500)]);
    const startedAtMs = Date.now();
    const answers = await callMany(1500, 20, () => caller.call("down"));
    expect(tally(answers.map(({ status, text }) => `${status} ${text}`))).toEqual({
      '500 {"error": {"message":"own 500"}}': 1500,
    });
    await bounded(1500, startedAtMs, own, answers);
  });

  test("100 calls a second for 6 s, four endpoints that answer 503", async () => {
    const own = await modelOver("slowly-down", [error(503), error(503), error(503), error(503)]);
    const startedAtMs = Date.now();
    const load = callAtRate(100, () => caller.call("slowly-down"));
    await new Promise((resolve) => setTimeout(resolve, 6000));
    const answers = await load.stop();
    expect(tally(answers.map(({ status }) => status))).toEqual({ "503": answers.length });
    await bounded(answers.length, startedAtMs, own, answers);
  });
});
