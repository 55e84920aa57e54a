// What the cheap pass says agrees with what a parser finds.
import fc from "fast-check";
import { expect, test } from "vitest";
import { JsonGlance } from "./json-glance.ts";

const glanceAt = (text: string) => {
  const glance = new JsonGlance();
  glance.read(Buffer.from(text));
  const { holdsUsage, holdsError, holdsFinish, textBytes } = glance;
  return { holdsUsage, holdsError, holdsFinish, textBytes };
};

/** The same by walking through the parsed value. */
function walk(value: unknown, found = { holdsUsage: false, holdsError: false, holdsFinish: false, textBytes: 0 }) {
  if (typeof value !== "object" || value === null) return found;
  for (const [key, inner] of Object.entries(value)) {
    if (!Array.isArray(value)) {
      const isObject = typeof inner === "object" && inner !== null && !Array.isArray(inner);
      const isText = typeof inner === "string";
      if ((key === "usage" || key === "usageMetadata") && isObject) found.holdsUsage = true;
      if (key === "error" && (isObject || isText)) found.holdsError = true;
      if (key === "finish_reason" && isText) found.holdsFinish = true;
      if ((key === "content" || key === "text" || key === "partial_json") && isText) {
        found.textBytes += Buffer.byteLength(JSON.stringify(inner)) - 2;
      }
    }
    walk(inner, found);
  }
  return found;
}

const keys = fc.constantFrom(
  "usage",
  "usageMetadata",
  "error",
  "finish_reason",
  "content",
  "text",
  "partial_json",
  "id",
  "usages",
  "",
);
const texts = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc.constantFrom('"usage":{}', '\\"error\\":{', '"', "\\", '{"content":"x"}', "\n"),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    texts,
    fc.constantFrom(null, true, 5),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.array(fc.tuple(keys, tie("value")), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  ),
}));

test("agrees with a parser on any JSON, spaced or not, and on a stream of events and comments", () => {
  fc.assert(
    fc.property(value, value, (a, b) => {
      const found = walk([a, b]);
      expect(glanceAt(JSON.stringify([a, b]))).toEqual(found);
      expect(glanceAt(JSON.stringify([a, b], null, 1))).toEqual(found);
      expect(glanceAt(`: a "comment\ndata: ${JSON.stringify(a)}\n\nevent: "x\ndata: ${JSON.stringify(b)}\n\n`)).toEqual(found);
    }),
    { numRuns: 2000 },
  );
});

test("a value on the next line of data may be anything; cut input does no harm", () => {
  expect(glanceAt('data: {"usage":\ndata: {}}')).toMatchObject({ holdsUsage: true });
  for (const text of ['"', '"usage', '"usage"', '"usage":', '"content":"abc', '"content":"abc\\', '"a\\']) {
    expect(glanceAt(text)).toMatchObject({ holdsUsage: false, holdsError: false });
  }
});

test("arguments of tools count as text, written as a text or as an object, and nothing is looked for in them", () => {
  const args = '{"city": "Paris }", "usage": {"a": [1, {"text": "x"}]}, "error": "x"}';
  const found = { holdsUsage: false, holdsError: false, holdsFinish: false, textBytes: args.length };
  expect(glanceAt(`{"functionCall":{"name":"f","args":${args}}}`)).toEqual(found);
  expect(glanceAt(`{"type":"tool_use","input": ${args},"text":"abc"}`)).toEqual({ ...found, textBytes: args.length + 3 });
  expect(glanceAt(`{"function":{"arguments":${args}},"usage":{}}`)).toEqual({ ...found, holdsUsage: true });
  expect(glanceAt('{"function":{"arguments":"abc"},"input":"de","args":[1]}').textBytes).toBe(5);
  for (const cut of ['{"args":{"a":"b', '{"args":{"a":[{', '{"args":{"a":"\\'])
    expect(glanceAt(cut).textBytes).toBe(cut.length - 8);
});

test("what is said a second time counts once", () => {
  const details = [{ type: "reasoning.text", text: "abc", signature: null }];
  expect(glanceAt(JSON.stringify({ delta: { reasoning: "abc", reasoning_details: details, content: "d" } })).textBytes).toBe(4);
});

test("pictures are no text, wherever they stand", () => {
  const data = "A".repeat(3000);
  const parts = {
    inlineData: { data },
    b64_json: data,
    url: `data:image/png;base64,${data}`,
    audio: { data, transcript: "abc" },
  };
  expect(glanceAt(JSON.stringify(parts)).textBytes).toBe(3);
  expect(glanceAt(JSON.stringify({ content: `![](data:image/png;base64,${data})` })).textBytes).toBe(27);
  // Without a mark of its own it may be what the model wrote.
  expect(glanceAt(JSON.stringify({ content: data })).textBytes).toBe(3000);
});
