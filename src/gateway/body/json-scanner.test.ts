// The scanner agrees with JSON.parse on every body, however it is cut, mangled or nested.
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HeadgateError } from "../../core/errors.ts";
import type { AskedTokens } from "./asked-tokens.ts";
import { type Cuts, cutBytes, cuts } from "./fixtures/cut-bytes.ts";
import { jsonBody, jsonBodyWithModel, jsonValueText, renderObject } from "./fixtures/json-body.arbitrary.ts";
import { JsonScanner } from "./json-scanner.ts";
import type { ScannedBody } from "./scanned-body.ts";

function scan(body: Buffer | string, where: Cuts = []): ScannedBody {
  const scanner = new JsonScanner();
  for (const chunk of cutBytes(Buffer.from(body), where)) scanner.write(chunk);
  return scanner.end();
}

function outcome(body: Buffer | string, where: Cuts = []): ScannedBody | string {
  try {
    return scan(body, where);
  } catch (error) {
    if (error instanceof HeadgateError) return error.code;
    throw error;
  }
}

const text = (value: unknown) => (typeof value === "string" && Buffer.byteLength(value) <= 1024 ? value : null);

/** What JSON.parse says about the fields of a body that names a model properly. */
function fieldsByJsonParse(parsed: Record<string, unknown>): Partial<ScannedBody> {
  const metadata = parsed.metadata;
  const isObject = typeof metadata === "object" && metadata !== null && !Array.isArray(metadata);
  return {
    model: parsed.model as string,
    stream: parsed.stream === true,
    user: text(parsed.user),
    metadataUserId: isObject ? text((metadata as Record<string, unknown>).user_id) : null,
    promptCacheKey: text(parsed.prompt_cache_key),
    previousResponseId: (parsed.previous_response_id ?? null) === null ? null : (text(parsed.previous_response_id) ?? ""),
    storesResponse: parsed.store !== false,
    namesItsResponse: "request_id" in parsed,
  };
}

/** The same about the tokens that it asks for. */
function askedByJsonParse(parsed: Record<string, unknown>, bytes: number): AskedTokens {
  const largest = (...values: unknown[]): number | null => {
    const numbers = values.filter(
      (value): value is number => typeof value === "number" && Number.isFinite(value) && Math.ceil(value) >= 0,
    );
    return numbers.length === 0 ? null : Math.min(Math.max(0, ...numbers.map(Math.ceil)), 1e9);
  };
  const choices = (stated: number | null) => Math.min(Math.max(stated ?? 1, 1), 128);
  const settings = [parsed.generationConfig, parsed.generation_config].filter(
    (value): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value),
  );
  return {
    inputTokens: Math.ceil(bytes / 4),
    maxTokens: largest(parsed.max_tokens, parsed.max_completion_tokens),
    maxOutputTokens: largest(parsed.max_output_tokens),
    maxGeneratedTokens: largest(...settings.flatMap((one) => [one.maxOutputTokens, one.max_output_tokens])),
    choices: choices(largest(parsed.n, parsed.best_of)),
    candidates: choices(largest(...settings.flatMap((one) => [one.candidateCount, one.candidate_count]))),
    isInBackground: parsed.background === true,
  };
}

function asked(body: Buffer | string, where: Cuts = []): AskedTokens | null {
  const scanner = new JsonScanner();
  const bytes = Buffer.from(body);
  try {
    for (const chunk of cutBytes(bytes, where)) scanner.write(chunk);
  } catch (error) {
    if (!(error instanceof HeadgateError)) throw error;
  }
  return scanner.asked(bytes.length);
}

function parseObject(json: string): Record<string, unknown> | null {
  try {
    const parsed = JSON.parse(json) as unknown;
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) ? (parsed as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** How many keys at the top level of a valid body are `name`, found by another road than the scanner's. */
function keysNamed(name: string, json: string): number {
  let depth = 0;
  let count = 0;
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"(?:[ \t\r\n]*:)?|[[\]{}]/gsu)) {
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
    else if (depth === 1 && token.endsWith(":") && JSON.parse(token.slice(0, -1)) === name) count++;
  }
  return count;
}

/** For thousands of bodies: many seconds on a machine that is idle. */
const manyRunsMs = 300_000;

describe("fields", () => {
  test("equal what JSON.parse says, for any body and any cuts", { timeout: manyRunsMs }, () => {
    fc.assert(
      fc.property(jsonBody, cuts, (body, where) => {
        const json = renderObject(body);
        const parsed = JSON.parse(json) as Record<string, unknown>;
        const found = outcome(json, where);
        expect(asked(json, where)).toEqual(askedByJsonParse(parsed, Buffer.byteLength(json)));
        if (typeof parsed.model !== "string" || parsed.model === "" || Buffer.byteLength(parsed.model) > 512) {
          expect(found).toBe("model_required");
          return;
        }
        expect(found).toMatchObject(fieldsByJsonParse(parsed));
        const scanned = found as ScannedBody;
        const bytes = Buffer.from(json);
        expect(scanned.bytes).toBe(bytes.length);
        expect(JSON.parse(bytes.toString("utf8", scanned.modelStart, scanned.modelEnd))).toBe(parsed.model);
        expect(bytes[scanned.modelStart]).toBe(0x22);
        const options = scanned.streamOptions;
        expect(options === null).toBe(!("stream_options" in parsed));
        if (options === null) return;
        const written = body.members.find((member) => member.key === "stream_options")?.value ?? "";
        expect(bytes.toString("utf8", options.start, options.end)).toBe(
          typeof written === "string" ? written : renderObject(written),
        );
      }),
      { numRuns: 1500 },
    );
  });

  test("do not depend on where the input is cut", { timeout: manyRunsMs }, () => {
    fc.assert(
      fc.property(jsonBody, cuts, (body, where) => {
        const json = ` \n${renderObject(body)}\t`;
        expect(outcome(json, where)).toEqual(outcome(json));
        expect(asked(json, where)).toEqual(asked(json));
      }),
      { numRuns: 1000 },
    );
  });

  test("keys and the model are decoded", () => {
    const scanned = scan('{"mod\\u0065l":"gpt\\u002d4\\/\\ud83d\\ude00","messages":[{"model":"nested"}]}');
    expect(scanned.model).toBe("gpt-4/😀");
    expect(scanned.modelStart).toBe(14);
  });

  test("the model is found after megabytes of messages", () => {
    const body = JSON.stringify({ messages: [{ content: `${'long \\ " text\n'.repeat(400_000)}` }], model: "m" });
    expect(scan(body, [65536, 131072, 5_000_001]).model).toBe("m");
  });

  test.each([
    ["no previous response", "{}", null],
    ["a null", '{"previous_response_id":null}', null],
    ["one", '{"previous_response_id":"resp_1"}', "resp_1"],
    ["an escaped one", '{"previous_response_i\\u0064":"resp\\u005f1"}', "resp_1"],
    ["one inside", '{"input":{"previous_response_id":"resp_1"}}', null],
    ["another case, which is another field", '{"Previous_Response_Id":"resp_1"}', null],
    ["two: parsers differ on which counts", '{"previous_response_id":"resp_1","previous_response_id":"resp_2"}', ""],
    ["one and a null", '{"previous_response_id":"resp_1","previous_response_id":null}', ""],
    ["a null and one", '{"previous_response_id":null,"previous_response_id":"resp_1"}', ""],
    ["a number", '{"previous_response_id":1}', ""],
    ["an object", '{"previous_response_id":{"id":"resp_1"}}', ""],
    ["an endless one", `{"previous_response_id":"${"x".repeat(1025)}"}`, ""],
  ])("finds %s", (_what, rest, previousResponseId) => {
    const body = rest === "{}" ? '{"model":"m"}' : `{"model":"m",${rest.slice(1)}`;
    expect(scan(body)).toMatchObject({ model: "m", previousResponseId });
    expect(scan(body, "everywhere")).toMatchObject({ model: "m", previousResponseId });
  });

  test("texts longer than 1 KB are not kept; the model may have 512 bytes", () => {
    const kept = "é".repeat(512);
    expect(scan(JSON.stringify({ model: "m", user: kept, prompt_cache_key: `${kept}x` }))).toMatchObject({
      user: kept,
      promptCacheKey: null,
    });
    const escaped = [...Array(1024).keys()].map(() => "\\u0061").join("");
    expect(scan(`{"model":"m","user":"${escaped}"}`, "everywhere").user).toBe("a".repeat(1024));
    expect(scan(JSON.stringify({ model: "x".repeat(512) })).model).toHaveLength(512);
    for (const length of [513, 2000, 100_000]) {
      expect(() => scan(JSON.stringify({ model: "x".repeat(length) }), "everywhere")).toThrow(/longer than 512 bytes/);
    }
  });

  test("the last of repeated keys counts", () => {
    const scanned = scan(
      '{"model":"m","stream":true,"stream":false,"user":"a","user":1,"metadata":{"user_id":"u"},"metadata":{}}',
    );
    expect(scanned).toMatchObject({ stream: false, user: null, metadataUserId: null });
  });
});

describe("the tokens that a call may use", () => {
  const words = "The quick brown fox jumps over the lazy dog; then it rests. ".repeat(100);
  const picture = randomBytes(30_000).toString("base64");
  const chat = (part: object) => JSON.stringify({ model: "m", messages: [{ role: "user", content: [part] }] });
  const inputTokens = (body: string, where: Cuts = []) => asked(body, where)?.inputTokens;
  /** What the body counts as when the `length` bytes of one string in it are an attachment. */
  const withAttachment = (body: string, length: number) => Math.ceil((Buffer.byteLength(body) - length) / 4) + 1600;

  test("of repeated maxima and choices the largest counts; an empty one of another dialect does not hide it", () => {
    const body =
      '{"max_tokens":9,"max_tokens":5,"n":3,"n":1,"best_of":0,"generationConfig":{"maxOutputTokens":7,"maxOutputTokens":2},"generation_config":{"candidate_count":4}}';
    expect(asked(body)).toMatchObject({ maxTokens: 9, maxOutputTokens: null, maxGeneratedTokens: 7, choices: 3, candidates: 4 });
    expect(asked('{"n":1000000,"max_tokens":1e300}')).toMatchObject({ choices: 128, maxTokens: 1e9 });
    expect(asked('{"messages":[{"n":5,"max_tokens":5}],"x":{"maxOutputTokens":5}}')).toMatchObject({
      choices: 1,
      maxTokens: null,
      maxGeneratedTokens: null,
    });
  });

  test("are known of a body without a model, and of what is no proper JSON; nothing is of what is none at all", () => {
    expect(asked('{"contents":[]}')?.inputTokens).toBe(4);
    expect(asked(`{"model":"a","model":"b","x":"${words}"}`)?.inputTokens).toBe(Math.ceil((words.length + 31) / 4));
    expect(asked('{"max_tokens":5,}')?.maxTokens).toBe(5);
    for (const body of ["", "  ", "[1]", "--boundary", "\u0000\u0001"]) expect(asked(body)).toBeNull();
  });

  const url = (data: string) => chat({ type: "image_url", image_url: { url: `data:image/png;base64,${data}` } });
  test.each([
    ["a data URL (OpenAI's chat)", url(picture), picture.length + 22],
    [
      "bare base64 (Anthropic)",
      chat({ type: "image", source: { type: "base64", media_type: "image/png", data: picture } }),
      picture.length,
    ],
    [
      "a document",
      chat({
        type: "file",
        file: { file_data: `data:application/vnd.openxmlformats-officedocument.wordprocessingml.document;base64,${picture}` },
      }),
      picture.length + 84,
    ],
    ["a recording", chat({ type: "input_audio", input_audio: { data: picture, format: "wav" } }), picture.length],
    [
      "inline data (Gemini)",
      JSON.stringify({ contents: [{ parts: [{ inlineData: { mimeType: "image/png", data: picture } }] }] }),
      picture.length,
    ],
    [
      "slashes that are escaped (PHP)",
      chat({ source: { data: picture } }).replaceAll("/", "\\/"),
      picture.replaceAll("/", "\\/").length,
    ],
    ["in a list", JSON.stringify({ images: [picture] }), picture.length],
  ])("an attachment counts as 1,600 whatever its size: %s", (_what, body, length) => {
    const expected = withAttachment(body, length);
    expect(Math.abs((inputTokens(body) as number) - expected)).toBeLessThanOrEqual(8);
    expect(inputTokens(body, "everywhere")).toBe(inputTokens(body));
  });

  test("every one of them counts, beside the text", () => {
    const part = { type: "image", source: { data: picture } };
    const body = JSON.stringify({ model: "m", messages: [{ content: [part, { text: words }, part] }] });
    expect(inputTokens(body)).toBe(Math.ceil((Buffer.byteLength(body) - 2 * picture.length) / 4) + 3200);
  });

  test.each([
    ["text", chat({ type: "note", note: words })],
    ["text without spaces in another alphabet", chat({ note: "汉字是记录汉语的文字".repeat(500) })],
    ["the same written with escapes", `{"note":"${"\\u6c49\\u5b57".repeat(500)}"}`],
    ["the same in Cyrillic", `{"note":"${"\\u0430\\u0431".repeat(500)}"}`],
    ["JSON in a text", chat({ note: JSON.stringify(Array.from({ length: 900 }, (_, index) => ({ index }))) })],
    ["base64 that is pasted into a text", chat({ type: "text", text: picture })],
    ["the same as the message", JSON.stringify({ messages: [{ role: "user", content: picture }] })],
    ["the same as the input", JSON.stringify({ input: ["a", picture] })],
    ["a key", JSON.stringify({ [picture]: 1 })],
    ["many short ones", JSON.stringify({ hashes: Array.from({ length: 900 }, () => randomBytes(900).toString("base64")) })],
    ["a picture with words behind it", url(`${picture}${words}`)],
    ["words with a picture behind them", url(`${words}${picture}`)],
  ])("four bytes are a token in all that is text: %s", (_what, body) => {
    expect(inputTokens(body)).toBe(Math.ceil(Buffer.byteLength(body) / 4));
    expect(inputTokens(body, [1000, 2000, 2001, 4000])).toBe(inputTokens(body));
  });

  test("what an attachment is does not depend on where the body is cut", () => {
    // Wherever an escape stands, its bytes may be what is looked at.
    for (const written of ["\\/", '\\"', "\\u002B"]) {
      for (let before = 256; before <= 256 + 17; before++) {
        const body = `{"data":"${"A".repeat(before)}${written}${"A".repeat(3000)}"}`;
        expect(inputTokens(body)).toBeLessThan(1610);
        expect(inputTokens(body, "everywhere")).toBe(inputTokens(body));
      }
    }
    const pieces = fc.constantFrom(picture.slice(0, 700), "\\/", "\\n", "\\u002B", '\\"', "=", " x", "\\u6c49");
    fc.assert(
      fc.property(fc.array(pieces, { minLength: 3, maxLength: 12 }), cuts, (parts, where) => {
        const body = `{"data":"${parts.join("")}","text":"${parts.join("")}","data":["${parts.join("")}"]}`;
        expect(inputTokens(body, where)).toBe(inputTokens(body));
      }),
      { numRuns: 300 },
    );
  });
});

describe("stream_options", () => {
  const optionsOf = (json: string) => scan(`{"model":"m","stream_options":${json}}`, "everywhere").streamOptions;

  test("is described with its ranges", () => {
    expect(optionsOf('{ "include_usage" : false }')).toEqual({
      start: 30,
      end: 57,
      kind: "object",
      includeUsage: false,
      includeUsageStart: 50,
      includeUsageEnd: 55,
      isEmpty: false,
      innerStart: 31,
      duplicate: false,
    });
    expect(optionsOf("{ }")).toMatchObject({ isEmpty: true, innerStart: 31, includeUsageStart: -1, includeUsage: null });
    expect(optionsOf('{"include_usage":"yes"}')).toMatchObject({
      includeUsage: null,
      includeUsageStart: 47,
      includeUsageEnd: 52,
    });
    expect(optionsOf('{"x":{"include_usage":true}}')).toMatchObject({ includeUsage: null, includeUsageStart: -1 });
    expect(optionsOf("null")).toMatchObject({ kind: "null", innerStart: -1, isEmpty: false });
    expect(optionsOf("[1]")).toMatchObject({ kind: "other" });
  });

  test("repeated keys are reported", () => {
    expect(optionsOf('{"include_usage":false,"include_usage":true}')?.duplicate).toBe(true);
    expect(scan('{"stream_options":{},"model":"m","stream_options":null}').streamOptions?.duplicate).toBe(true);
  });
});

describe("what is refused", () => {
  test("mangled bodies are accepted exactly when JSON.parse accepts them", { timeout: manyRunsMs }, () => {
    const interesting = fc.oneof(
      fc.nat({ max: 255 }),
      fc.constantFrom(...'{}[]",:\\u0eE+-.tfn \n\u0000'.split("").map((char) => char.charCodeAt(0))),
    );
    const mutation = fc.record({ at: fc.nat(), remove: fc.nat({ max: 2 }), insert: fc.array(interesting, { maxLength: 2 }) });
    let accepted = 0;
    fc.assert(
      fc.property(jsonBodyWithModel, fc.array(mutation, { minLength: 1, maxLength: 3 }), cuts, (body, mutations, where) => {
        let bytes = Buffer.from(renderObject(body));
        for (const { at, remove, insert } of mutations) {
          const position = at % (bytes.length + 1);
          bytes = Buffer.concat([bytes.subarray(0, position), Buffer.from(insert), bytes.subarray(position + remove)]);
        }
        const parsed = parseObject(bytes.toString());
        const found = outcome(bytes, where);
        expect(found).toEqual(outcome(bytes));
        if (parsed === null) {
          expect(typeof found).toBe("string");
        } else if (keysNamed("model", bytes.toString()) > 1) {
          expect(found).toBe("duplicate_model");
        } else if (typeof parsed.model !== "string" || parsed.model === "" || Buffer.byteLength(parsed.model) > 512) {
          expect(found).toBe("model_required");
        } else {
          accepted++;
          expect(found).toMatchObject({ model: parsed.model });
          // "streams" may have become a second "stream": the JSON.parse of Node 24 takes now the first, now the last of two equal keys.
          if (keysNamed("stream", bytes.toString()) < 2) expect(found).toMatchObject({ stream: parsed.stream === true });
        }
      }),
      { numRuns: 4000 },
    );
    expect(accepted).toBeGreaterThan(200);
  });

  test("every proper beginning of a body is refused", () => {
    fc.assert(
      fc.property(jsonBodyWithModel, fc.nat(), (body, at) => {
        const bytes = Buffer.from(renderObject(body));
        expect(outcome(bytes.subarray(0, at % bytes.length))).toBe("invalid_json");
      }),
    );
  });

  test("anything but one object is refused", () => {
    fc.assert(
      fc.property(
        jsonValueText.filter((json) => !json.startsWith("{")),
        (json) => {
          expect(outcome(json, "everywhere")).toBe("invalid_json");
        },
      ),
    );
    for (const json of ["", " ", "[]", '"model"', "null", "1", "\ufeff{}", '{"model":"m"}{}', '{"model":"m"} x', "{model:1}"]) {
      expect(outcome(json)).toBe("invalid_json");
    }
  });

  test("the message says at which byte", () => {
    expect(() => scan('{"model":"m",}', "everywhere")).toThrow(/unexpected byte 13\b/);
    expect(() => scan('{"model":"m"')).toThrow(/too early, at byte 12\b/);
    expect(() => scan('{"a":"\u0001"}')).toThrow(/unexpected byte 6\b/);
  });

  test("an error is repeated, whatever is written after it", () => {
    const scanner = new JsonScanner();
    expect(() => scanner.write(Buffer.from('{"model":}'))).toThrow(/byte 9/);
    expect(() => scanner.write(Buffer.from('{"model":"m"}'))).toThrow(/byte 9/);
    expect(() => scanner.end()).toThrow(/byte 9/);
  });

  test("a second top-level model is refused however it is spelled", () => {
    expect(outcome('{"model":"a","mod\\u0065l":"a"}', "everywhere")).toBe("duplicate_model");
    expect(outcome('{"model":1,"x":{"model":2},"model":"a"}')).toBe("duplicate_model");
    expect(outcome('{"x":[{"model":"b"}],"metadata":{"model":"c"},"model":"a"}')).toMatchObject({ model: "a" });
  });

  test("nesting deeper than 2,000 is refused without harm", () => {
    const nested = (depth: number) => `{"model":"m","x":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;
    expect(outcome(nested(2000))).toMatchObject({ model: "m" });
    expect(() => scan(nested(2001))).toThrow(/nested deeper than 2000/);
    expect(outcome("[".repeat(1_000_000))).toBe("invalid_json");
    expect(outcome('{"a":'.repeat(1_000_000))).toBe("invalid_json");
  });
});
