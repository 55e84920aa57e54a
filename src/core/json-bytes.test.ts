// Values are written as JSON.stringify writes them, into a buffer that grows as it has to.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { JsonBytes, utf8 } from "./json-bytes.ts";

function written(write: (to: JsonBytes) => void, initialBytes?: number): string {
  const bytes = new JsonBytes(initialBytes);
  write(bytes);
  return bytes.toString();
}

describe("JsonBytes", () => {
  test("any text is written as JSON.stringify does, lone surrogates and control characters too", () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: "binary", maxLength: 100 }),
      fc.string({ minLength: 60, maxLength: 70 }),
    );
    fc.assert(fc.property(text, (value) => written((to) => to.text(value), 4) === JSON.stringify(value)));
    for (let code = 0; code < 0x300; code++) {
      const value = `a${String.fromCharCode(code)}b`;
      expect(written((to) => to.text(value))).toBe(JSON.stringify(value));
    }
    expect(written((to) => to.text("\ud800"))).toBe('"\\ud800"');
  });

  test("any number is written as JSON.stringify does", () => {
    const edges = [0, -0, 9, 10, 99, 100, 1e6 - 1, 1e6, 1e9 - 1, 1e9, 1e12 + 7, 1e15 - 1, 1e15, 2 ** 53, 1e21, -1, 0.5];
    for (const value of [...edges, Number.NaN, Number.POSITIVE_INFINITY, Number.MIN_VALUE]) {
      expect(written((to) => to.number(value), 1)).toBe(JSON.stringify(value));
    }
    const number = fc.oneof(fc.nat(), fc.maxSafeInteger(), fc.double());
    fc.assert(fc.property(number, (value) => written((to) => to.number(value), 1) === JSON.stringify(value)));
  });

  test("null and booleans", () => {
    expect(written((to) => to.textOrNull(null))).toBe("null");
    expect(written((to) => to.textOrNull("a"))).toBe('"a"');
    expect(written((to) => to.numberOrNull(null))).toBe("null");
    expect(written((to) => to.numberOrNull(1))).toBe("1");
    expect(written((to) => to.boolean(true))).toBe("true");
    expect(written((to) => to.boolean(false))).toBe("false");
  });

  test("pieces follow each other however small the buffer began", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" })), fc.integer({ min: 1, max: 50 }), (texts, initialBytes) => {
        const actual = written((to) => {
          for (const text of texts) {
            to.text(text);
            to.raw(utf8("ü,"));
          }
        }, initialBytes);
        expect(actual).toBe(texts.map((text) => `${JSON.stringify(text)}ü,`).join(""));
      }),
    );
  });

  test("copies stay as they were, truncate takes back, clear begins anew with a buffer of the first size after a burst", () => {
    const bytes = new JsonBytes(8);
    bytes.text("kept");
    const from = bytes.length;
    bytes.text("cöpied");
    const copy = bytes.copyFrom(from);
    const text = bytes.textFrom(from);
    bytes.truncate(from);
    expect(bytes.toString()).toBe('"kept"');
    bytes.text("x".repeat(2_000_000));
    bytes.clear();
    expect(bytes.length).toBe(0);
    expect(bytes.buffer.length).toBe(8);
    bytes.number(1);
    expect(bytes.toString()).toBe("1");
    expect(new TextDecoder().decode(copy)).toBe('"cöpied"');
    bytes.rawText(text);
    expect(bytes.toString()).toBe('1"cöpied"');
  });
});
