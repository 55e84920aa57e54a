// Tables line up, fit the terminal, and say nothing to it but colours.
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Column, facts, table } from "./table.ts";

interface Row {
  name: string;
  count: number;
}

const columns: Column<Row>[] = [
  { head: "name", cell: ({ name }) => name },
  { head: "count", cell: ({ count }) => count, align: "right", colour: ({ count }) => (count > 9 ? "red" : null) },
];
const plain = { width: null, colours: false };

test("text stands left and numbers right, under their heads", () => {
  const rows = [
    { name: "a", count: 5 },
    { name: "longer", count: 12345 },
  ];
  expect(table(columns, rows, plain)).toBe("NAME    COUNT\na           5\nlonger  12345");
});

test("without a terminal nothing is cut and nothing coloured; in one the widest column gives way", () => {
  const rows = [{ name: "x".repeat(50), count: 12 }];
  expect(table(columns, rows, plain)).toContain("x".repeat(50));
  expect(table(columns, rows, { width: 20, colours: true })).toBe(
    `\u001b[1mNAME\u001b[0m           \u001b[1mCOUNT\u001b[0m\n${"x".repeat(12)}…     \u001b[31m12\u001b[0m`,
  );
});

test("no line is wider than the terminal, whatever is in the cells, and none is more than one row", () => {
  const rows = fc.array(fc.record({ name: fc.string({ unit: "binary" }), count: fc.nat() }), { minLength: 1 });
  fc.assert(
    fc.property(rows, fc.integer({ min: 16, max: 200 }), (some, width) => {
      const lines = table(columns, some, { width, colours: false }).split("\n");
      expect(lines).toHaveLength(some.length + 1);
      expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(width);
      expect(lines.join("")).not.toMatch(/\p{Cc}/u);
    }),
  );
});

test("facts leave out what is empty, and set several lines below each other", () => {
  expect(
    facts([
      ["name", "a"],
      ["nothing", null],
      ["models", "x\ny"],
    ]),
  ).toBe("name    a\nmodels  x\n        y");
});
