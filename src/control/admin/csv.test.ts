// No cell of a file is a formula, wherever a spreadsheet takes a cell to begin.
import { expect, test } from "vitest";
import { csvLine } from "./csv.ts";

/** As a spreadsheet splits a line that reads `separator` as what is between cells, and takes quotes only where a cell begins. */
function cellsOf(line: string, separator: string): string[] {
  const cells: string[] = [];
  const cell = new RegExp(`(?:"((?:[^"]|"")*)"|([^${separator}\\r\\n]*))(?:${separator}|\\r\\n|\\n|\\r|$)`, "y");
  for (let match = cell.exec(line); match !== null && cell.lastIndex < line.length; match = cell.exec(line)) {
    cells.push(match[1] ?? match[2] ?? "");
  }
  return cells;
}

test.each([",", ";", "\t"])("in a spreadsheet that separates cells by %j", (separator) => {
  const texts = ["=1", "+1", "-1", "@x", "a;=1;b", "a\t=1", "a\r\n=1\r\nb", "a\n@x", 'a";=1', "a,=1", "；＝1", ";;=1", "\t=1"];
  for (const text of texts) {
    const cells = cellsOf(csvLine(["id", text, "end"]), separator);
    for (const cell of cells) expect([text, cell]).toEqual([text, expect.not.stringMatching(/^\s*[=+\-@＝＋－＠]/)]);
  }
});

test("what is no formula is left as it is", () => {
  expect(csvLine(["gpt-4.1", "a;b", "a = b", -1, null, 'say "hi"'])).toBe('gpt-4.1,a;b,a = b,-1,,"say ""hi"""\r\n');
});
