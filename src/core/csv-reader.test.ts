// What is written as CSV is read as it was, and what is none is refused with its place.
import fc from "fast-check";
import { expect, test } from "vitest";
import { CsvError, readCsv } from "./csv-reader.ts";

const linesOf = (text: string) => [...readCsv(text)];
const cellsOf = (text: string) => linesOf(text).map(({ cells }) => cells);

test("any table comes back, whatever is in its cells, however its lines end", () => {
  const cell = fc.oneof(fc.string(), fc.constantFrom("", '"', ",", "\r\n", "\n", 'a "b", c', "é 😀", "\ufeff"));
  const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 5 }), { minLength: 1, maxLength: 8 });
  const property = fc.property(
    table,
    fc.constantFrom("\r\n", "\n", "\r"),
    fc.boolean(),
    fc.boolean(),
    (rows, end, hasLast, mark) => {
      const written = rows.map((cells) => cells.map((value) => `"${value.replaceAll('"', '""')}"`).join(","));
      const text = (mark ? "\ufeff" : "") + written.join(end) + (hasLast ? end : "");
      expect(cellsOf(text)).toEqual(rows);
    },
  );
  fc.assert(property, { numRuns: 500 });
});

test("plain cells keep their blanks, and quotes that are not at their beginning", () => {
  expect(cellsOf('a, b ,c"d"\r\n,,\r\n')).toEqual([
    ["a", " b ", 'c"d"'],
    ["", "", ""],
  ]);
  expect(cellsOf("\ufeffa,b\n\n\r\nc,d")).toEqual([
    ["a", "b"],
    ["c", "d"],
  ]);
  expect(cellsOf("")).toEqual([]);
});

test("each line knows where in the file it begins, also behind cells of several lines", () => {
  expect(linesOf('a,"one\r\ntwo\nthree"\n\nb,c').map(({ line }) => line)).toEqual([1, 5]);
});

test.each([
  ['a,b\nc,"d\ne', 2, 2, /never closed/],
  ['a,"b"c\n', 1, 2, /behind a closing quote/],
])("%j is refused with its line and column", (text, line, column, message) => {
  const refused = (() => {
    try {
      return linesOf(text);
    } catch (error) {
      return error;
    }
  })();
  expect(refused).toBeInstanceOf(CsvError);
  expect(refused).toMatchObject({ line, column, message: expect.stringMatching(message) });
});

test("any text at all is read or refused", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('"', ",", "\n", "\r", "a") }), (text) => {
      try {
        for (const { cells } of readCsv(text)) expect(cells.length).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(CsvError);
      }
    }),
  );
});
