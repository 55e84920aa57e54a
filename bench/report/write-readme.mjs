// Puts the printed report into bench/README.md, between its two marks.
import { readFileSync, writeFileSync } from "node:fs";

const readme = new URL("../README.md", import.meta.url);
const marked = /(<!-- results -->\n)[\s\S]*(<!-- \/results -->)/;

/** @param {string[]} remarks lines of text @param {string} table Markdown */
export function writeReadme(remarks, table) {
  const text = readFileSync(readme, "utf8");
  if (!marked.test(text)) throw new Error("bench/README.md has lost its marks <!-- results --> … <!-- /results -->");
  const list = remarks.map((line) => `- ${line}`).join("\n");
  writeFileSync(
    readme,
    text.replace(marked, (_, begin, end) => `${begin}${list}\n\n${table}\n${end}`),
  );
}
