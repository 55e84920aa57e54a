// The opening is the first own text of the prompt, in every dialect, however the body is cut and whatever follows.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cutBytes, cuts } from "../body/fixtures/cut-bytes.ts";
import { promptOpening } from "./prompt-opening.ts";

const opening = (body: unknown) => promptOpening([Buffer.from(JSON.stringify(body))])?.toString() ?? null;

test.each([
  [
    "chat",
    {
      messages: [
        { role: "system", content: "s" },
        { role: "user", content: "hi" },
      ],
    },
  ],
  [
    "chat with parts",
    {
      messages: [
        { role: "developer", content: "s" },
        { content: [{ type: "text", text: "hi" }], role: "user" },
      ],
    },
  ],
  [
    "Anthropic, marked for caching",
    { system: "s", messages: [{ role: "user", content: [{ type: "text", text: "hi", cache_control: { type: "ephemeral" } }] }] },
  ],
  ["Responses, a text", { instructions: "s", input: "hi" }],
  ["Responses, messages", { input: [{ type: "message", role: "user", content: [{ type: "input_text", text: "hi" }] }] }],
  ["Responses with a stored prompt", { prompt: { id: "pmpt_1", variables: { text: "x" } }, input: "hi" }],
  ["Gemini", { systemInstruction: { parts: [{ text: "s" }] }, contents: [{ parts: [{ text: "hi" }] }] }],
  ["completions", { model: "m", tools: [{ content: "x", messages: ["y"] }], prompt: "hi" }],
  ["after an image", { messages: [{ role: "user", content: [{ image_url: { url: "data:" } }, { type: "text", text: "hi" }] }] }],
  [
    "system's alone, when there is no other",
    {
      messages: [
        { role: "system", content: "hi" },
        { role: "system", content: "x" },
      ],
    },
  ],
])("%s", (_, body) => {
  expect(opening(body)).toBe("hi");
});

test("lists that hold no messages count as they are, messages without text as a whole", () => {
  expect(opening({ prompt: ["a", "b"] })).toBe('"a","b"');
  expect(opening({ input: [1, 2, 3], model: "m" })).toBe("1,2,3");
  expect(opening({ messages: [{ role: "user", content: [{ image: 1 }] }] })).toBe('{"role":"user","content":[{"image":1}]}');
});

test("null when there is none", () => {
  for (const body of [
    {},
    [],
    "messages",
    { messages: [] },
    { messages: null },
    { input: "" },
    { prompt: 3, x: { input: "y" } },
  ]) {
    expect(opening(body)).toBeNull();
  }
  expect(promptOpening([])).toBeNull();
});

describe("long bodies", () => {
  test("of a long text, the first 2 KB count", () => {
    const text = "x".repeat(2048);
    expect(opening({ messages: [{ role: "user", content: `${text}and more` }] })).toBe(text);
    expect(opening({ prompt: text.repeat(1000) })).toBe(text);
    expect(opening({ messages: [{ role: "user", content: text.repeat(1000) }] })).toBe(text);
  });

  test("a system prompt of hundreds of KB is passed over, one of more than a MB gives no opening", () => {
    const messages = (bytes: number) => [
      { role: "system", content: "x".repeat(bytes) },
      { role: "user", content: "hi" },
    ];
    expect(opening({ messages: messages(500_000) })).toBe("hi");
    expect(opening({ messages: messages(1_100_000) })).toBeNull();
  });

  test("strings of quotes, escapes and brackets take no more than linear time", () => {
    const messages = [
      { role: "system", content: '\\"[{'.repeat(60_000) },
      { role: "system", content: "\\".repeat(200_000) },
      { role: "user", content: "hi" },
    ];
    const body = Buffer.from(JSON.stringify({ messages }));
    // The best of several: a machine that is busy may hold up any of them.
    const tookMs = [1, 2, 3, 4, 5].map(() => {
      const startedAt = performance.now();
      expect(promptOpening([body])?.toString()).toBe("hi");
      return performance.now() - startedAt;
    });
    expect(Math.min(...tookMs)).toBeLessThan(1000);
  });
});

test("is the same text that a parser finds, whatever the spacing, the cuts and the rest of the conversation", () => {
  const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 });
  const message = (role: string) =>
    fc.tuple(text, fc.boolean(), fc.boolean()).map(([content, asParts, roleLast]) => {
      const value = asParts ? [{ type: "text", text: content, cache_control: null }] : content;
      return { content, json: roleLast ? { content: value, role } : { role, content: value } };
    });
  const others = fc.dictionary(
    fc.string().filter((key) => !["messages", "input", "prompt", "contents"].includes(key)),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(
      fc.array(message("system"), { maxLength: 2 }),
      message("user"),
      fc.array(fc.jsonValue()),
      others,
      cuts,
      fc.constantFrom(0, 1, 2),
      (system, user, rest, fields, where, indent) => {
        const messages = [...system.map(({ json }) => json), user.json, ...rest];
        const json = JSON.stringify({ ...fields, messages, last: 1 }, null, indent);
        const escaped = JSON.stringify(user.content).slice(1, -1);
        expect(promptOpening(cutBytes(Buffer.from(json), where))?.toString()).toBe(escaped);
      },
    ),
    { numRuns: 500 },
  );
});

test("never fails, whatever the bytes", () => {
  const piece = fc.constantFrom(
    '{"messages":[',
    '{"role":"user",',
    '"content":',
    '"',
    "\\",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    " ",
    "x",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const found = promptOpening([Buffer.from(pieces.join(""))]);
      expect(found === null || found.length > 0).toBe(true);
    }),
    { numRuns: 3000 },
  );
});
