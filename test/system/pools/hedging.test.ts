// Hedging: a second attempt beside a first that is slow to answer; the quicker one is passed on, the other given up, both are booked.
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Caller, callMany, tally } from "../../support/caller.ts";
import { eventually } from "../../support/eventually.ts";
import { type Headgate, startHeadgate } from "../../support/headgate.ts";
import type { LooseJson } from "../../support/loose-json.ts";
import type { RecordedRequest } from "../../support/provider/recorded-request.ts";
import { type Provider, startProvider } from "../../support/provider.ts";
import { addEndpoint, change, healthAt, ledgerRow, patchModel } from "./pool.ts";

const learningCalls = 60;

let first: Provider;
let second: Provider;
let headgate: Headgate;
let caller: Caller;

beforeAll(async () => {
  [first, second] = await Promise.all([startProvider(), startProvider()]);
  headgate = await startHeadgate({ logLevel: "warn" });
  caller = new Caller(headgate.url, await headgate.createKey());
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

/** A model that asks the first endpoint first; one that hedges has learned how quick it is. */
async function newModel(name: string, hedge: object | null): Promise<void> {
  await addEndpoint(headgate, `${name}-1`, `${first.url}/v1`, [`${name}-1`]);
  await addEndpoint(headgate, `${name}-2`, `${second.url}/v1`, [`${name}-2`]);
  const targets = [1, 2].map((index) => ({ endpoint: `${name}-${index}`, model: `${name}-${index}` }));
  await change(headgate, "POST", "/models", { name, strategy: "priority", targets });
  // One after the other: a hiccup makes one of them slow, and four would be the time that a hedge waits for.
  const answers = await callMany(learningCalls, 1, () => caller.call(name));
  expect(tally(answers.map(({ status, endpoint }) => `${status} ${endpoint}`))).toEqual({ [`200 ${name}-1`]: learningCalls });
  first.reset();
  second.reset();
  // Not before: a hiccup while it learns would use up the one hedge that so few calls may have.
  await patchModel(headgate, name, { hedge });
}

/** The first endpoint answers this much later from now on. */
function slowDown(delayMs: number): void {
  first.on(/./, async (_request: RecordedRequest, usual) => {
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    return usual();
  });
}

const attemptsOf = (row: LooseJson) => row.attempts.map(({ endpoint, status, error }: LooseJson) => [endpoint, status, error]);

test("a slow first attempt gets a second one elsewhere; the quicker is passed on, the other's connection is closed", async () => {
  await newModel("slow", {});
  first.next({ kind: "hang", at: "before_headers" });
  const answer = await caller.call("slow");
  expect([answer.status, answer.broken, answer.endpoint, answer.attempts]).toEqual([200, null, "slow-2", 2]);
  await (await first.waitForRequest()).aborted;
  const row = await ledgerRow(headgate, answer.requestId);
  expect([row.status, row.error, row.endpoint, row.attempts.length]).toEqual([200, null, "slow-2", 2]);
  expect(attemptsOf(row)).toEqual([
    ["slow-1", 499, "hedge_lost"],
    ["slow-2", 200, null],
  ]);
  expect(row.attempts[1].why).toContain("hedge");
  // The endpoint may charge for what it saw.
  expect(row.attempts[0].usage_source).toBe("estimated");
  expect(row.attempts[0].tokens.input_tokens).toBeGreaterThan(0);
  // Being slower once says nothing against it.
  expect((await healthAt(headgate, "slow", "slow-1")).status).toBe("healthy");
  expect((await caller.call("slow")).endpoint).toBe("slow-1");
});

test("a stream is hedged until its first event, and comes whole from one endpoint", async () => {
  await newModel("stream", {});
  first.next({ kind: "hang", at: "after_headers" });
  const answer = await caller.call("stream", { body: { stream: true } });
  expect([answer.status, answer.broken, answer.endpoint, answer.attempts]).toEqual([200, null, "stream-2", 2]);
  expect(answer.text.match(/"role":"assistant"/g)).toHaveLength(1);
  expect(answer.text.endsWith("data: [DONE]\n\n")).toBe(true);
  await (await first.waitForRequest()).aborted;
});

test("the first attempt wins when it is quicker after all", async () => {
  await newModel("first", {});
  second.next({ kind: "hang", at: "before_headers" });
  const hedge = second.waitForRequest({ timeoutMs: 20_000 });
  first.on(/./, async (_request, usual) => {
    await hedge;
    return usual();
  });
  const answer = await caller.call("first");
  expect([answer.status, answer.endpoint, answer.attempts]).toEqual([200, "first-1", 2]);
  await (await hedge).aborted;
  expect(attemptsOf(await ledgerRow(headgate, answer.requestId))).toEqual([
    ["first-1", 200, null],
    ["first-2", 499, "hedge_lost"],
  ]);
});

test("a second attempt that fails leaves the first under way", async () => {
  await newModel("fails", {});
  second.next({ kind: "answer", status: 503, body: "no" });
  const hedge = second.waitForRequest({ timeoutMs: 20_000 });
  first.on(/./, async (_request, usual) => {
    await (await hedge).finished;
    // Until that has been read, too.
    await new Promise((resolve) => setTimeout(resolve, 500));
    return usual();
  });
  const answer = await caller.call("fails");
  expect([answer.status, answer.endpoint, answer.attempts]).toEqual([200, "fails-1", 2]);
  expect(attemptsOf(await ledgerRow(headgate, answer.requestId))).toEqual([
    ["fails-1", 200, null],
    ["fails-2", 503, "upstream_error"],
  ]);
});

test("a caller who leaves ends both attempts, and one settled row stays of the call", async () => {
  await newModel("gone", {});
  first.next({ kind: "hang", at: "before_headers" });
  second.next({ kind: "hang", at: "before_headers" });
  const { id, key } = await change(headgate, "POST", "/keys", { name: "hasty" });
  const hasty = new Caller(headgate.url, key);
  const call = hasty.call("gone");
  const [one, two] = await Promise.all([first.waitForRequest(), second.waitForRequest()]);
  await hasty.close();
  await Promise.all([one.aborted, two.aborted, call]);
  const [row] = await eventually(async () => {
    const { data } = await change(headgate, "GET", `/requests?key=${id}`);
    return data.length === 1 && data[0].state === "settled" && data;
  });
  const { status, error, attempts } = await ledgerRow(headgate, row.id);
  expect([status, error]).toEqual([499, "client_disconnected"]);
  expect(attempts.map((attempt: LooseJson) => [attempt.status, attempt.error])).toEqual(
    Array(2).fill([499, "client_disconnected"]),
  );
  for (const endpoint of ["gone-1", "gone-2"]) {
    await eventually(async () => (await healthAt(headgate, "gone", endpoint)).in_flight === 0);
  }
});

test("without hedging, before 20 calls, for one attempt alone, and for what is done twice if sent twice: no second attempt", async () => {
  await newModel("plain", null);
  await newModel("careful", {});
  await addEndpoint(headgate, "new-1", `${first.url}/v1`, ["new-1"]);
  await addEndpoint(headgate, "new-2", `${second.url}/v1`, ["new-2"]);
  const targets = [1, 2].map((index) => ({ endpoint: `new-${index}`, model: `new-${index}` }));
  await change(headgate, "POST", "/models", { name: "new", strategy: "priority", hedge: {}, targets });
  slowDown(1200);
  const answers = await Promise.all([
    caller.call("plain"),
    caller.call("new"),
    caller.call("careful", { path: "/v1/moderations", body: { input: "hi" } }),
    caller.call("careful", { headers: { "x-headgate-no-fallback": "true" } }),
  ]);
  expect(answers.map(({ status, attempts }) => [status, attempts])).toEqual(Array(4).fill([200, 1]));
  expect(second.calls).toHaveLength(0);
});

test("at most 5 % of the calls get a second attempt, however slow the first endpoint is", async () => {
  await newModel("bounded", {});
  slowDown(1000);
  const answers = await callMany(200, 40, () => caller.call("bounded"));
  expect(tally(answers.map(({ status, broken }) => `${status} ${broken}`))).toEqual({ "200 null": 200 });
  const extra = answers.reduce((sum, { attempts }) => sum + attempts - 1, 0);
  const arrived = first.calls.length + second.calls.length - answers.length;
  const said = `${extra} second attempts beside ${answers.length} calls, ${arrived} of them arrived`;
  expect(extra, said).toBeGreaterThan(0);
  expect(extra, said).toBeLessThanOrEqual(0.05 * (answers.length + learningCalls));
  // One that was given up at once may not have been sent.
  expect(arrived, said).toBeLessThanOrEqual(extra);
});
