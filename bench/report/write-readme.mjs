// Puts a printed report into bench/README.md, between its two marks.
import { readFileSync, writeFileSync } from "node:fs";

const readme = new URL("../README.md", import.meta.url);

/**
 * @param {string} name of the marks: `<!-- name -->` … `<!-- /name -->`
 * @param {string[]} remarks lines of text
 * @param {string} figures Markdown
 */
export function writeReadme(name, remarks, figures) {
  const text = readFileSync(readme, "utf8");
  const marked = new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*(<!-- /${name} -->)`);
  if (!marked.test(text)) throw new Error(`bench/README.md has lost its marks <!-- ${name} --> … <!-- /${name} -->`);
  const list = remarks.map((line) => `- ${line}`).join("\n");
  writeFileSync(
    readme,
    text.replace(marked, (_, begin, end) => `${begin}${list}\n\n${figures}\n${end}`),
  );
}
