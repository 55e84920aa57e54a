// Every provider's answers are metered to the token, however their bytes are cut.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Cuts, cutBytes, cuts } from "../body/fixtures/cut-bytes.ts";
import { sseBytes } from "../stream/fixtures/sse-bytes.arbitrary.ts";
import { type AnswerFixture, dataStream, inputTokensEstimate, namedStream, tokens } from "./fixtures/answer-fixture.ts";
import { anthropicMessagesFixtures } from "./fixtures/anthropic-messages.ts";
import { compatibleProviderFixtures } from "./fixtures/compatible-providers.ts";
import { cutAnswerFixtures, largePictureAnswers } from "./fixtures/cut-answers.ts";
import { geminiAndOtherFixtures } from "./fixtures/gemini-and-others.ts";
import { openaiChatFixtures } from "./fixtures/openai-chat.ts";
import { openaiResponsesFixtures } from "./fixtures/openai-responses.ts";
import { createMeter, type Meter } from "./meter.ts";

const fixtures = [
  ...openaiChatFixtures,
  ...openaiResponsesFixtures,
  ...anthropicMessagesFixtures,
  ...geminiAndOtherFixtures,
  ...compatibleProviderFixtures,
  ...cutAnswerFixtures,
];

function meterFor(fixture: Pick<AnswerFixture, "path" | "contentType" | "status">): Meter {
  const { path, contentType, status = 200 } = fixture;
  return createMeter({ path, contentType, status, readable: true, inputTokensEstimate });
}

function run(fixture: AnswerFixture, where: Cuts) {
  const meter = meterFor(fixture);
  const seen = { terminated: 0, errorEvents: 0, meaningful: 0, identified: 0 };
  for (const chunk of cutBytes(Buffer.from(fixture.body), where)) {
    const progress = meter.onChunk(chunk);
    if (progress.terminated) seen.terminated++;
    if (progress.errorEvent) seen.errorEvents++;
    if (progress.meaningful) seen.meaningful++;
    if (progress.identified) seen.identified++;
  }
  const { endsEarly, sawError } = meter;
  const metered = meter.finish({ complete: fixture.complete ?? true });
  expect(meter.finish({ complete: fixture.complete ?? true })).toEqual(metered);
  return { metered, endsEarly, sawErrorBefore: sawError, responseId: meter.responseId, ...seen };
}

describe("golden answers", () => {
  test.each(fixtures.map((fixture) => [fixture.name, fixture] as const))("%s", (_name, fixture) => {
    const { expected } = fixture;
    const result = run(fixture, []);
    expect(result.metered.usage).toEqual(expected.usage);
    expect(result.metered).toMatchObject({ source: expected.source, sawError: expected.sawError ?? false });
    if (expected.model !== undefined) expect(result.metered.model).toBe(expected.model);
    expect(result.terminated).toBe(expected.terminated === true ? 1 : 0);
    expect(result.endsEarly).toBe(expected.endsEarly ?? false);
    expect(result.sawErrorBefore).toBe(expected.sawError ?? false);
    const isStream = fixture.contentType.startsWith("text/event-stream");
    expect(result.errorEvents > 0).toBe(isStream && expected.sawError === true);
    expect(result.meaningful).toBeGreaterThan(0);
    expect(result.responseId).toBe(expected.responseId ?? null);
    expect(result.identified).toBe(isStream && expected.responseId !== undefined ? 1 : 0);
  });

  // Thousands of answers: seconds on a machine that is idle.
  test("the result never depends on where the answer is cut", { timeout: 120_000 }, () => {
    const small = fixtures.filter((fixture) => fixture.body.length < 50_000);
    fc.assert(
      fc.property(fc.constantFrom(...small), cuts, (fixture, where) => {
        const result = run(fixture, where);
        const whole = run(fixture, []);
        expect(result.metered).toEqual(whole.metered);
        expect([result.responseId, result.identified]).toEqual([whole.responseId, whole.identified]);
        expect(result.endsEarly).toBe(whole.endsEarly);
        expect(result.terminated).toBe(whole.terminated);
      }),
      { numRuns: 1500 },
    );
    const large = fixtures.filter((fixture) => fixture.body.length >= 50_000);
    expect(large.length).toBeGreaterThan(3);
    fc.assert(
      fc.property(fc.constantFrom(...large), fc.array(fc.nat(), { maxLength: 30 }), (fixture, where) => {
        const result = run(fixture, where);
        expect(result.metered).toEqual(run(fixture, []).metered);
        expect(result.responseId).toBe(fixture.expected.responseId ?? null);
      }),
      { numRuns: 60 },
    );
  });

  test("streams may end their lines with CRLF", () => {
    for (const fixture of fixtures.filter(
      ({ contentType, body }) => contentType.startsWith("text/event-stream") && body.endsWith("\n\n"),
    )) {
      const crlf = { ...fixture, body: fixture.body.replace(/\r?\n/g, "\r\n") };
      expect(run(crlf, []).metered.usage, fixture.name).toEqual(fixture.expected.usage);
    }
  });
});

describe("any stream", () => {
  test("usage, terminator and error are found among any other events", () => {
    const done = dataStream({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } }, "[DONE]");
    fc.assert(
      fc.property(sseBytes, sseBytes, cuts, (before, between, where) => {
        const body = Buffer.concat([before, Buffer.from("\n\n\n"), between, Buffer.from(`\n\n\n${done}`)]);
        const meter = meterFor({ path: "/chat/completions", contentType: "text/event-stream" });
        let terminated = false;
        for (const chunk of cutBytes(body, where)) terminated = meter.onChunk(chunk).terminated || terminated;
        expect(terminated).toBe(true);
        expect(meter.finish({ complete: true })).toMatchObject({ usage: tokens(3, 4), source: "measured" });
      }),
      { numRuns: 500 },
    );
  });

  test("garbage of any kind gives a finite estimate", () => {
    const content = fc.oneof(
      sseBytes,
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc.json().map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(
        content,
        fc.constantFrom("text/event-stream", "application/json", ""),
        fc.boolean(),
        cuts,
        (bytes, contentType, complete, where) => {
          const meter = meterFor({ path: "/chat/completions", contentType });
          for (const chunk of cutBytes(bytes, where)) meter.onChunk(chunk);
          const { details = {}, ...classes } = meter.finish({ complete }).usage;
          for (const count of [...Object.values(classes), ...Object.values(details)])
            expect(Number.isSafeInteger(count) && count >= 0).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("progress", () => {
  test.each([
    ["a comment", ": keep-alive\n\n", false],
    ["blank lines", "\n\n\n", false],
    ["empty data", "data:\n\n", false],
    ["Anthropic's ping", namedStream({ type: "ping" }), false],
    ["a ping without a name", 'data: {"type": "ping"}\n\n', false],
    ["half a ping", "event: ping\n", false],
    ["content", 'data: {"choices":[{"delta":{"content":"x"}}]}\n\n', true],
    ["a terminator", "data: [DONE]\n\n", true],
    ["part of a large event", `data: ${"x".repeat(5000)}`, true],
  ])("%s", (_what, bytes, meaningful) => {
    for (const path of ["/chat/completions", "/messages"]) {
      expect(meterFor({ path, contentType: "text/event-stream" }).onChunk(Buffer.from(bytes)).meaningful).toBe(meaningful);
    }
  });

  test("white space before a plain answer is none", () => {
    const meter = meterFor({ path: "/chat/completions", contentType: "application/json" });
    expect(meter.onChunk(Buffer.from("\n \n")).meaningful).toBe(false);
    expect(meter.onChunk(Buffer.from("\n{")).meaningful).toBe(true);
  });

  test("terminator and error are reported with the chunk that completes them", () => {
    const meter = meterFor({ path: "/messages", contentType: "text/event-stream" });
    expect(meter.onChunk(Buffer.from('event: error\ndata: {"type":"error"}\n'))).toMatchObject({ errorEvent: false });
    expect(meter.onChunk(Buffer.from("\nevent: message_stop\ndata: {}\n"))).toMatchObject({
      errorEvent: true,
      terminated: false,
    });
    expect(meter.onChunk(Buffer.from("\n"))).toMatchObject({ errorEvent: false, terminated: true });
    expect(meter.onChunk(Buffer.from("\n"))).toMatchObject({ errorEvent: false, terminated: false });
  });
});

describe("the id of an answer that its provider keeps", () => {
  const json = "application/json";
  const sse = "text/event-stream";
  const idOf = (body: object | string, options: { path?: string; status?: number; keepsResponse?: boolean } = {}) => {
    const contentType = typeof body === "string" ? sse : json;
    const rest = { contentType, status: 200, readable: true, inputTokensEstimate };
    const meter = createMeter({ path: "/responses", ...rest, ...options });
    meter.onChunk(Buffer.from(typeof body === "string" ? body : JSON.stringify(body)));
    return meter.responseId;
  };
  const created = (id: unknown) => ({ type: "response.created", response: { id, object: "response" } });

  test.each([
    ["OpenAI's", "resp_68a1b2c3"],
    ["another gateway's", "resp_bGl0ZWxsbTpjdXN0b20+="],
    ["a long one", "r".repeat(512)],
  ])("%s", (_what, id) => {
    expect(idOf({ id, object: "response" })).toBe(id);
    expect(idOf(namedStream(created(id)))).toBe(id);
  });

  test.each([
    ["too long", "r".repeat(513)],
    ["empty", ""],
    ["a path", "resp_1/cancel"],
    ["escaped", 'resp_"1'],
    ["a number", 7],
    ["missing", undefined],
  ])("none that is %s", (_what, id) => {
    expect(idOf({ id, object: "response", output: [{ id: "msg_1" }] })).toBeNull();
    expect(idOf(namedStream({ ...created(id), item: { id: "msg_1" } }))).toBeNull();
  });

  test("none that is of no use: of an error, of an answer that was not to be kept, of another thing", () => {
    const answer = { id: "resp_1", object: "response" };
    const stream = namedStream(created("resp_1"));
    for (const body of [answer, stream]) {
      expect(idOf(body, { status: 400 })).toBeNull();
      expect(idOf(body, { keepsResponse: false })).toBeNull();
      expect(idOf(body, { path: "/chat/completions" })).toBeNull();
      expect(idOf(body, { path: "/responses/resp_1/cancel" })).toBeNull();
    }
    expect(idOf({ id: "resp_1", object: "response.compaction" }, { path: "/responses/compact" })).toBeNull();
    expect(idOf([{ id: "resp_1", object: "response" }])).toBeNull();
  });

  test("wherever it stands, and whatever says it before", () => {
    expect(idOf({ metadata: { id: "no", object: "no" }, output: [{ id: "msg_1" }], object: "response", id: "resp_1" })).toBe(
      "resp_1",
    );
    const others = [{ type: "ping" }, { type: "queue.position", id: "no", position: 3 }];
    expect(idOf(`: hello\n\n${namedStream(...others, created("resp_1"), created("resp_2"))}`)).toBe("resp_1");
    expect(idOf(namedStream({ response: { tools: [{ id: "no" }], id: "resp_1" }, type: "response.created" }))).toBe("resp_1");
  });

  test("in an answer that is too large to be kept, however it begins", () => {
    const large = JSON.stringify({
      id: "resp_1",
      instructions: "x".repeat(70_000),
      object: "response",
      output: [{ id: "msg_1" }],
    });
    for (const size of [1, 3000, 65_536, 200_000]) {
      const meter = meterFor({ path: "/responses", contentType: json });
      for (let at = 0; at < large.length; at += size) meter.onChunk(Buffer.from(large.slice(at, at + size)));
      expect(meter.responseId, `${size}`).toBe("resp_1");
    }
  });

  test("a stream's is there with the chunk that completes its event", () => {
    const meter = meterFor({ path: "/responses", contentType: sse });
    const text = namedStream(created("resp_1"));
    expect(meter.onChunk(Buffer.from(text.slice(0, -1)))).toMatchObject({ identified: false });
    expect(meter.responseId).toBeNull();
    expect(meter.onChunk(Buffer.from(text.slice(-1)))).toMatchObject({ identified: true });
    expect(meter.responseId).toBe("resp_1");
    expect(meter.onChunk(Buffer.from(text))).toMatchObject({ identified: false });
  });
});

describe("pictures and speech in plain answers", () => {
  test.each(largePictureAnswers)("two megabytes of base64 are no text: %s", (_name, path, body) => {
    for (const end of [body.length, body.length - 100_000]) {
      for (const size of [16_384, 1_000_003]) {
        const meter = meterFor({ path, contentType: "application/json" });
        for (let at = 0; at < end; at += size) meter.onChunk(Buffer.from(body.slice(at, Math.min(at + size, end))));
        const { usage, source } = meter.finish({ complete: end === body.length });
        expect(source).toBe("estimated");
        expect(usage.inputTokens).toBe(inputTokensEstimate);
        // The text is 100, where it has come, off by a few where it borders on a picture, and with the JSON around it.
        if (end === body.length) expect(usage.outputTokens).toBeGreaterThanOrEqual(75);
        expect(usage.outputTokens).toBeLessThan(200);
      }
    }
  });

  test("a long text is counted in full, with or without a picture before it", () => {
    const words = "lorem ipsum dolor sit ".repeat(10_000);
    for (const content of [words, `![](data:image/png;base64,${"iVBORw0K".repeat(100_000)}) ${words}`]) {
      const meter = meterFor({ path: "/chat/completions", contentType: "application/json" });
      meter.onChunk(Buffer.from(JSON.stringify({ choices: [{ message: { content } }] })));
      const { outputTokens } = meter.finish({ complete: false }).usage;
      expect(Math.abs(outputTokens - words.length / 4)).toBeLessThan(50);
    }
  });
});

describe("what no tokens were used for", () => {
  const answer = JSON.stringify({ model: "m", usage: { prompt_tokens: 3, completion_tokens: 4 } });

  test("calls that are no POST", () => {
    const meter = createMeter({
      path: "/responses/r",
      method: "GET",
      contentType: "application/json",
      status: 200,
      readable: true,
      inputTokensEstimate,
    });
    meter.onChunk(Buffer.from(answer));
    expect(meter.finish({ complete: true })).toMatchObject({ usage: tokens(0, 0), source: "measured" });
  });

  test("answers outside 2xx, whatever their form", () => {
    for (const status of [199, 301, 400, 500]) {
      const meter = meterFor({ path: "/chat/completions", contentType: "text/event-stream", status });
      meter.onChunk(Buffer.from(dataStream(answer)));
      expect(meter.finish({ complete: false })).toMatchObject({ usage: tokens(0, 0), source: "measured", sawError: false });
    }
  });

  test("an encoded answer can't be read: it is estimated", () => {
    const meter = createMeter({
      path: "/chat/completions",
      contentType: "text/event-stream",
      status: 200,
      readable: false,
      inputTokensEstimate,
    });
    expect(meter.onChunk(Buffer.from(answer.padEnd(400, "\u0001"))).meaningful).toBe(true);
    expect(meter.endsEarly).toBe(false);
    expect(meter.finish({ complete: true })).toMatchObject({ usage: tokens(inputTokensEstimate, 100), source: "estimated" });
  });
});
