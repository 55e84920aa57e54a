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
