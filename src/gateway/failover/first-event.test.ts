// Whether a stream begins with an error is told alike however its bytes are cut, in every dialect, and never takes more than 16 KB.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cutBytes, cuts } from "../body/fixtures/cut-bytes.ts";
import { sseBytes } from "../stream/fixtures/sse-bytes.arbitrary.ts";
import { SseSplitter } from "../stream/sse-splitter.ts";
import { FirstEvent, type FirstEventVerdict } from "./first-event.ts";

function error(status: number): FirstEventVerdict {
  return { kind: "error", status };
}
const fine: FirstEventVerdict = { kind: "fine" };
const none: FirstEventVerdict = { kind: "none" };

const chunk = 'data: {"id":"c","choices":[{"delta":{"content":"Hi"}}]}\n\n';
const ping = 'event: ping\ndata: {"type":"ping"}\n\n';

/** Name, stream, verdict. Each is told by the bytes shown, before the stream ends. */
const openings: [string, string, FirstEventVerdict][] = [
  ["chat: a chunk", chunk, fine],
  ["chat: text about errors", 'data: {"choices":[{"delta":{"content":"{\\"error\\":1}"}}]}\n\n', fine],
  ["chat: error null", 'data: {"choices":[],"error":null}\n\n', fine],
  ["chat: [DONE]", "data: [DONE]\n\n", fine],
  ["chat: a server error", 'data: {"error":{"message":"m","type":"server_error","code":null}}\n\n', error(500)],
  ["chat: a rate limit", 'data: {"error":{"message":"m","type":"tokens","code":"rate_limit_exceeded"}}\n\n', error(429)],
  ["chat: quota", 'data: {"error":{"message":"m","type":"insufficient_quota","code":"insufficient_quota"}}\n\n', error(429)],
  ["chat: our key", 'data: {"error":{"type":"invalid_request_error","code":"invalid_api_key"}}\n\n', error(401)],
  [
    "chat: the caller's fault",
    'data: {"error":{"type":"invalid_request_error","code":"context_length_exceeded"}}\n\n',
    error(400),
  ],
  ["chat: error as a text", 'data: {"error":"boom"}\n\n', error(500)],
  ["OpenRouter: a number", 'data: {"id":"g","error":{"code":502,"message":"m"},"choices":[]}\n\n', error(502)],
  ["LiteLLM: a number in quotes", 'data: {"error":{"message":"m","type":null,"code":"429"}}\n\n', error(429)],
  ["vLLM", 'data: {"error":{"object":"error","type":"BadRequestError","code":400}}\n\n', error(400)],
  ["FastChat", 'data: {"object":"error","message":"m","type":"NotFoundError","code":404}\n\n', error(404)],
  ["chat: error after a comment and a ping", `: OPENROUTER PROCESSING\n\n${ping}data: {"error":{"code":503}}\n\n`, error(503)],
  ["chat: error after a chunk", `${chunk}data: {"error":{"code":503}}\n\n`, fine],
  ["several lines of data", 'data: {"error":\ndata: {"code":503}}\n\n', error(503)],
  ["Anthropic: message_start", 'event: message_start\ndata: {"type":"message_start","message":{}}\n\n', fine],
  ["Anthropic: ping, message_start", `${ping}event: message_start\ndata: {"type":"message_start"}\n\n`, fine],
  [
    "Anthropic: overloaded",
    'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"m"}}\n\n',
    error(529),
  ],
  ["Anthropic: without a name", 'data: {"type":"error","error":{"type":"rate_limit_error"}}\n\n', error(429)],
  ["Anthropic: authentication", 'event: error\ndata: {"type":"error","error":{"type":"authentication_error"}}\n\n', error(401)],
  ["Anthropic: permission", 'event: error\ndata: {"type":"error","error":{"type":"permission_error"}}\n\n', error(403)],
  ["Anthropic: billing", 'event: error\ndata: {"type":"error","error":{"type":"billing_error"}}\n\n', error(402)],
  ["Anthropic: timeout", 'event: error\ndata: {"type":"error","error":{"type":"timeout_error"}}\n\n', error(504)],
  ["Anthropic: too large", 'event: error\ndata: {"type":"error","error":{"type":"request_too_large"}}\n\n', error(413)],
  ["an error event that is no JSON", "event: error\ndata: boom\n\n", error(500)],
  ["Responses: created", 'event: response.created\ndata: {"type":"response.created","response":{"error":null}}\n\n', fine],
  [
    "Responses: failed",
    'event: response.failed\ndata: {"type":"response.failed","response":{"error":{"code":"server_is_overloaded"}}}\n\n',
    error(529),
  ],
  ["Responses: failed without a name", 'data: {"type":"response.failed","response":{}}\n\n', error(500)],
  ["Responses: error", 'event: error\ndata: {"type":"error","code":"rate_limit_exceeded","message":"m"}\n\n', error(429)],
  ["Gemini: a candidate", 'data: {"candidates":[{"content":{}}]}\r\n\r\n', fine],
  ["Gemini: exhausted", 'data: {"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}}\r\n\r\n', error(429)],
  ["Gemini: unavailable, by name", 'data: {"error":{"message":"m","status":"UNAVAILABLE"}}\r\n\r\n', error(503)],
  ["a ping without a name, then an error", 'data: {"type":"ping"}\n\ndata: {"error":{"code":503}}\n\n', error(503)],
  ["no JSON at all", "data: hello\n\n", fine],
  ["lines that end with CR", 'data: {"error":{"code":503}}\r\r', error(503)],
  ["a byte order mark", '\ufeffdata: {"error":{"code":503}}\n\n', error(503)],
];

describe.each(openings)("%s", (_name, stream, expected) => {
  test("is told as soon as the event is complete, however it is cut", () => {
    fc.assert(
      fc.property(cuts, (where) => {
        const first = new FirstEvent();
        const verdicts = cutBytes(Buffer.from(stream), where).map((piece) => first.push(piece));
        expect(verdicts.at(-1)).toEqual(expected);
        expect(first.end()).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });
});

describe("the stream ends", () => {
  test.each([
    ["nothing", "", none],
    ["comments and pings", `: a\n\n${ping}: b\n\n`, none],
    ["data without content", "data:\n\ndata: \n\n", none],
    ["a name without data", "event: error\n\n", none],
    ["half an event", 'data: {"id":"c","choices":[', none],
    ["half an error", 'event: error\ndata: {"type":"er', none],
    ["a whole error without its blank line", 'data: {"error":{"code":429}}', error(429)],
    ["a whole chunk without its blank line", chunk.trimEnd(), fine],
    ["[DONE] without its blank line", "data: [DONE]\n", fine],
  ])("with %s", (_name, stream, expected) => {
    const first = new FirstEvent();
    expect(first.push(Buffer.from(stream))).toBeNull();
    expect(first.end()).toEqual(expected);
  });
});

test("any bytes: cuts change nothing, before the end and at it", () => {
  const streams = fc
    .tuple(sseBytes, fc.constantFrom(...openings.map(([, stream]) => stream), ""))
    .map(([before, stream]) => Buffer.concat([before, Buffer.from(stream)]));
  fc.assert(
    fc.property(streams, cuts, (stream, where) => {
      const whole = new FirstEvent();
      const inPieces = new FirstEvent();
      const expected = whole.push(stream);
      let told: FirstEventVerdict | null = null;
      for (const piece of cutBytes(stream, where)) told = inPieces.push(piece);
      expect(told).toEqual(expected);
      expect(inPieces.end()).toEqual(whole.end());
    }),
    { numRuns: 500 },
  );
});

test("any bytes: the verdict comes with the first event that has data and is no ping, never earlier", () => {
  fc.assert(
    fc.property(sseBytes, (stream) => {
      let deciding: { name: string | null; data: string } | null = null;
      const splitter = new SseSplitter(({ name, data, terminated }) => {
        if (!terminated || data === null || data.length === 0 || name === "ping") return;
        deciding ??= { name, data: data.toString() };
      });
      splitter.push(stream);
      splitter.end();
      const verdict = new FirstEvent().push(stream);
      // None of the arbitrary events is an error unless it is named so.
      if (deciding === null) expect(verdict).toBeNull();
      else expect(verdict).toEqual(fine);
    }),
    { numRuns: 500 },
  );
});

test("a stream that has shown no event after 16 KB is let through, however it is cut", () => {
  const comments = Buffer.from(": keepalive\n\n".repeat(2000));
  const stream = Buffer.concat([comments, Buffer.from('data: {"error":{"code":503}}\n\n')]);
  expect(new FirstEvent().push(stream)).toEqual(fine);

  const first = new FirstEvent();
  const piecesMax = (16 * 1024) / 13;
  let pieces = 0;
  for (; first.push(Buffer.from(": keepalive\n\n")) === null; pieces++) expect(pieces).toBeLessThan(piecesMax);

  const large = Buffer.from(`event: response.created\ndata: {"type":"response.created","instructions":"${"x".repeat(20_000)}`);
  expect(new FirstEvent().push(large)).toEqual(fine);
  expect(new FirstEvent().push(large.subarray(0, 16 * 1024 - 1))).toBeNull();
});
