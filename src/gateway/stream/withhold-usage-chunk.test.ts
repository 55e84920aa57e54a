// The caller gets the provider's bytes, less the one chunk that the caller did not ask for.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Cuts, cutBytes, cuts } from "../body/fixtures/cut-bytes.ts";
import { sseBytes } from "./fixtures/sse-bytes.arbitrary.ts";
import { WithholdUsageChunk } from "./withhold-usage-chunk.ts";

function pass(stream: Buffer | string, where: Cuts = []): Buffer {
  const withhold = new WithholdUsageChunk();
  const out: Buffer[] = [];
  for (const chunk of cutBytes(Buffer.from(stream), where)) {
    const passed = withhold.push(chunk);
    if (passed !== null) out.push(passed);
  }
  const rest = withhold.end();
  if (rest !== null) out.push(rest);
  return Buffer.concat(out);
}

const usageEvent = fc
  .tuple(
    fc.constantFrom("\n\n", "\r\n\r\n", "\r\r", "\r\n\n"),
    fc.constantFrom(
      '{"id":"c","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}',
      '{ "usage" : {} , "choices" : [ ] }',
      '{"choices":[],"content":"\\"usage\\":null","usage":{"a":{"choices":[1]}}}',
    ),
    fc.constantFrom("data:", "data: ", ": note\ndata: ", "event: message\r\ndata: "),
  )
  .map(([end, json, start]) => start + json + end);

/** Ends every stream before between two events, so that the usage chunk is one of its own. */
const separator = "\n\n\n";

describe("WithholdUsageChunk", () => {
  test("drops exactly the usage chunk, for any stream around it and any cuts", () => {
    fc.assert(
      fc.property(sseBytes, usageEvent, sseBytes, cuts, (before, event, after, where) => {
        const start = Buffer.concat([before, Buffer.from(separator)]);
        // A CR at its end and an LF after it would be one line end.
        const rest = event.endsWith("\r") && after[0] === 0x0a ? Buffer.concat([Buffer.from(": x"), after]) : after;
        const stream = Buffer.concat([start, Buffer.from(event), rest]);
        expect(pass(stream, where).toString("latin1")).toBe(Buffer.concat([start, rest]).toString("latin1"));
      }),
      { numRuns: 3000 },
    );
  });

  test("passes any other stream as it is", () => {
    fc.assert(
      fc.property(sseBytes, cuts, (stream, where) => {
        expect(pass(stream, where).equals(stream)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ["Azure's first chunk", 'data: {"choices":[],"prompt_filter_results":[{"prompt_index":0}]}\n\n'],
    ["usage null", 'data: {"choices":[],"usage":null}\n\n'],
    ["usage beside a choice", 'data: {"choices":[{"index":0,"delta":{"content":"x"}}],"usage":{"prompt_tokens":1}}\n\n'],
    [
      "a text that speaks of it",
      `data: ${JSON.stringify({ choices: [{ delta: { content: '{"choices":[],"usage":{}}' } }] })}\n\n`,
    ],
    ["no JSON", 'data: "choices":[], "usage":{}\n\n'],
    ["a list", 'data: [{"choices":[],"usage":{}}]\n\n'],
  ])("passes %s", (_what, stream) => {
    for (const where of [[], "everywhere"] as Cuts[]) expect(pass(stream, where).toString()).toBe(stream);
  });

  test("drops one chunk only, and one that the stream ends with unterminated", () => {
    const usage = 'data: {"choices":[],"usage":{}}\n\n';
    for (const where of [[], "everywhere"] as Cuts[]) {
      expect(pass(usage + usage + usage, where).toString()).toBe(usage + usage);
      expect(pass(`data: a\n\n${usage.trimEnd()}`, where).toString()).toBe("data: a\n\n");
    }
  });

  test("keeps back only an incomplete event, and not one larger than 64 KB", () => {
    const withhold = new WithholdUsageChunk();
    const whole = Buffer.from('data: {"choices":[{}]}\n\n');
    expect(withhold.push(whole)).toBe(whole);
    expect(withhold.push(Buffer.from("data: a\n\ndata: {"))?.toString()).toBe("data: a\n\n");
    expect(withhold.push(Buffer.alloc(60_000, "x"))).toBe(null);
    expect(withhold.push(Buffer.alloc(6_000, "y"))?.length).toBe(66_007);
    expect(withhold.push(Buffer.from("z"))?.toString()).toBe("z");
    expect(withhold.push(Buffer.from('\n\ndata: {"choices":[],"usage":{}}\n\ndata: [DONE]\n\n'))?.toString()).toBe(
      "\n\ndata: [DONE]\n\n",
    );
    expect(withhold.end()).toBe(null);
  });

  test("what was handed out is not overwritten later", () => {
    const withhold = new WithholdUsageChunk();
    withhold.push(Buffer.from("data: fi"));
    const first = withhold.push(Buffer.from("rst\n\n"));
    withhold.push(Buffer.from("data: SE"));
    withhold.push(Buffer.from("COND\n\n"));
    expect(first?.toString()).toBe("data: first\n\n");
  });
});
