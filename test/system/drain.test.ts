// SIGTERM: new work is refused, work in flight is finished or told why not, and the process ends as it should.
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { createHome, type HeadgateProcess, type Home, startHeadgateProcess } from "../support/headgate-process.ts";
import { answerSteps } from "../support/provider/behaviour.ts";
import { type Provider, startProvider } from "../support/provider.ts";
import type { RawConnection } from "../support/raw-http/raw-connection.ts";
import type { RawResponse } from "../support/raw-http/raw-response.ts";
import { rawConnect, rawRequest, rawRequestBytes } from "../support/raw-http.ts";

const key = "key-of-the-drain-test-0123456789";

let provider: Provider;
beforeAll(async () => {
  provider = await startProvider();
});
afterAll(() => provider?.close());
beforeEach(() => {
  provider.reset();
  provider.models = ["m"];
});

async function start(server: Record<string, string> = {}, given?: Home): Promise<HeadgateProcess> {
  const home = given ?? (await createHome());
  if (given === undefined) onTestFinished(() => home.remove());
  const config = {
    server,
    endpoints: [{ name: "prod", url: `${provider.url}/v1`, sync_interval: 0 }],
    keys: [{ name: "caller", key }],
  };
  const headgate = await startHeadgateProcess({ home, config });
  onTestFinished(async () => void (await headgate.kill()));
  return headgate;
}

const headers = { authorization: `Bearer ${key}` };
const chat = (stream: boolean) => ({ model: "m", stream, messages: [{ role: "user", content: "hi" }] });

function call(headgate: HeadgateProcess, stream = false): Promise<RawResponse> {
  return rawRequest(headgate.url, { method: "POST", target: "/v1/chat/completions", headers, body: chat(stream) });
}

/** A call whose answer has begun to arrive. */
async function begin(headgate: HeadgateProcess, stream: boolean): Promise<{ connection: RawConnection; response: RawResponse }> {
  const connection = await rawConnect(headgate.url);
  connection.send(rawRequestBytes(headgate.url, { method: "POST", target: "/v1/chat/completions", headers, body: chat(stream) }));
  const response = await connection.response({ method: "POST" });
  await response.until(() => response.chunks.length > 0, 10_000, "the first piece");
  return { connection, response };
}

/** What the next start's ledger says about calls. */
async function rowsAfterRestart(home: Home, answers: readonly RawResponse[]) {
  const headgate = await start({}, home);
  return Promise.all(
    answers.map((answer) =>
      eventually(async () => {
        const { status, body } = await headgate.admin("GET", `/requests/${answer.headers["x-request-id"]}`);
        return status === 200 && body.state !== "in_progress" && body;
      }),
    ),
  );
}

test("streams in flight finish whole, while /readyz fails and new calls get 503 draining with retry-after; exit code 0", async () => {
  const headgate = await start();
  const idle = await rawConnect(headgate.url);
  provider.settings.text = "word ".repeat(30);
  let finish: () => void = () => undefined;
  const toldToFinish = new Promise<void>((resolve) => {
    finish = resolve;
  });
  provider.on(/chat/, (_request, usual) => {
    const steps = answerSteps(usual());
    return [...steps.slice(0, 5), { until: toldToFinish }, ...steps.slice(5)];
  });
  const streams = await Promise.all([begin(headgate, true), begin(headgate, true), begin(headgate, true)]);

  headgate.signal("SIGTERM");
  const { body } = await eventually(async () => {
    const answer = await headgate.readiness();
    return answer.status === 503 && answer;
  });
  expect(body).toMatchObject({ status: "draining", reasons: [{ part: "process", detail: "draining" }] });

  idle.send(rawRequestBytes(headgate.url, { method: "POST", target: "/v1/chat/completions", headers, body: chat(false) }));
  const refused = await (await idle.response({ method: "POST" })).done();
  expect([refused.status, refused.json.error.code]).toEqual([503, "draining"]);
  expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
  expect(refused.headers["x-headgate-error-source"]).toBe("gateway");
  await idle.closed;
  const anthropic = await rawRequest(headgate.url, {
    method: "POST",
    target: "/v1/messages",
    headers: { "x-api-key": key, "anthropic-version": "2023-06-01" },
    body: chat(false),
  });
  expect([anthropic.status, anthropic.json.error.type]).toEqual([503, "overloaded_error"]);
  expect(streams.every(({ response }) => response.ended === null)).toBe(true);

  finish();
  for (const { response } of streams) {
    await response.done();
    expect([response.ended, response.text.endsWith("data: [DONE]\n\n")]).toEqual(["complete", true]);
    expect(response.text.match(/"content":"\s?word\s?"/g)).toHaveLength(30);
  }
  expect(await headgate.exited).toEqual({ code: 0, signal: null });
  expect(provider.calls).toHaveLength(3);
  const answers = streams.map(({ response }) => response);
  for (const row of await rowsAfterRestart(headgate.home, answers)) {
    expect(row).toMatchObject({ state: "settled", status: 200, error: null, usage_source: "measured" });
  }
});

test("slow readers get their whole answers, although the endpoint is long done with them", async () => {
  const headgate = await start();
  const size = 6 * 2 ** 20;
  provider.next({ kind: "answer", body: Buffer.alloc(size, "x"), headers: { "content-type": "text/plain" } }, { times: 6 });
  // One piece at a time, from the first on, so that the buffers in between are full until the end.
  const readers = await Promise.all(
    Array.from({ length: 6 }, async () => {
      const reader = await begin(headgate, false);
      reader.connection.pause();
      reader.connection.socket.on("data", () => reader.connection.pause());
      return reader;
    }),
  );
  headgate.signal("SIGTERM");
  await eventually(async () => (await headgate.readiness()).status === 503);
  const reading = setInterval(() => {
    for (const { connection } of readers) connection.resume();
  }, 5);
  await Promise.all(readers.map(({ response }) => response.done(20_000)));
  clearInterval(reading);
  for (const { connection, response } of readers) {
    expect([response.ended, response.body.length]).toEqual(["complete", size]);
    await connection.destroy();
  }
  expect(await headgate.exited).toEqual({ code: 0, signal: null });
});

test("without work in flight it ends at once with code 0, idle connections or not", async () => {
  const headgate = await start();
  const idle = await rawConnect(headgate.url);
  idle.send(rawRequestBytes(headgate.url, { target: "/livez" }));
  await (await idle.response()).done();
  const startedAt = Date.now();
  expect(await headgate.kill("SIGTERM")).toEqual({ code: 0, signal: null });
  // Far less than what an idle connection is kept for, and than drain_timeout.
  expect(Date.now() - startedAt).toBeLessThan(8000);
});

test("after drain_timeout a stream is told with an error event and cut; exit code 0, and the ledger has it", async () => {
  const headgate = await start({ drain_timeout: "300ms" });
  provider.next({ kind: "stall", afterChunks: 4 }, { times: 2 });
  const streams = await Promise.all([begin(headgate, true), begin(headgate, true)]);
  expect(await headgate.kill("SIGTERM")).toEqual({ code: 0, signal: null });
  for (const { response } of streams) {
    await response.done();
    expect(response.ended).toBe("cut");
    expect(response.text).toMatch(/\n\ndata: \{"error":\{.*"code":"draining"\}\}\n\n$/);
    expect(response.text).not.toContain("[DONE]");
  }
  const answers = streams.map(({ response }) => response);
  for (const row of await rowsAfterRestart(headgate.home, answers)) {
    expect(row).toMatchObject({ state: "settled", status: 200, error: "draining", usage_source: "estimated" });
  }
});

test("an answer that begins during the drain closes its connection in so many words, and no request runs into the close", async () => {
  const headgate = await start();
  let answerNow: () => void = () => undefined;
  const told = new Promise<void>((resolve) => {
    answerNow = resolve;
  });
  provider.on(/chat/, async (_request, usual) => {
    await told;
    return usual();
  });
  const connection = await rawConnect(headgate.url);
  connection.send(rawRequestBytes(headgate.url, { method: "POST", target: "/v1/chat/completions", headers, body: chat(false) }));
  await provider.waitForRequest();
  headgate.signal("SIGTERM");
  await eventually(async () => (await headgate.readiness()).status === 503);
  answerNow();
  const answer = await (await connection.response({ method: "POST" })).done();
  expect([answer.status, answer.headers.connection]).toEqual([200, "close"]);
  expect(answer.json.object).toBe("chat.completion");
  await connection.closed;
  expect(await headgate.exited).toEqual({ code: 0, signal: null });
});

test("after drain_timeout a call without an answer yet gets 503 draining", async () => {
  const headgate = await start({ drain_timeout: "300ms" });
  provider.next({ kind: "hang", at: "before_headers" });
  const answer = call(headgate);
  await provider.waitForRequest();
  expect(await headgate.kill("SIGTERM")).toEqual({ code: 0, signal: null });
  const refused = await answer;
  expect([refused.status, refused.json.error.code]).toEqual([503, "draining"]);
  expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
  const [row] = await rowsAfterRestart(headgate.home, [refused]);
  expect(row).toMatchObject({ state: "settled", status: 503, error: "draining" });
});

test("a second SIGTERM ends it at once, and what it cut shows as interrupted", async () => {
  const headgate = await start();
  provider.next({ kind: "stall", afterChunks: 4 });
  const { response } = await begin(headgate, true);
  headgate.signal("SIGTERM");
  await eventually(async () => (await headgate.readiness()).status === 503);
  const startedAt = Date.now();
  expect(await headgate.kill("SIGTERM")).toEqual({ code: 1, signal: null });
  // Far less than drain_timeout, for which the stream would have been waited for.
  expect(Date.now() - startedAt).toBeLessThan(8000);
  expect(headgate.stderr).toContain("second signal: stopping at once");
  await response.done();
  expect(response.ended).toBe("cut");
  const [row] = await rowsAfterRestart(headgate.home, [response]);
  expect(row).toMatchObject({ state: "interrupted", error: "interrupted", usage_source: "estimated" });
});

test("drain_delay goes on accepting while /readyz fails already", async () => {
  const headgate = await start({ drain_delay: "4s" });
  provider.next({ kind: "stall", afterChunks: 2 });
  const { connection } = await begin(headgate, true);
  headgate.signal("SIGTERM");
  await eventually(async () => (await headgate.readiness()).status === 503);
  expect((await call(headgate)).status).toBe(200);
  const refused = await eventually(async () => {
    const answer = await call(headgate);
    return answer.status === 503 && answer;
  });
  expect(refused.json.error.code).toBe("draining");
  await connection.destroy();
  expect(await headgate.exited).toEqual({ code: 0, signal: null });
});
