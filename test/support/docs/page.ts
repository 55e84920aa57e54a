// A Markdown page as its tests see it: the commands of its ```sh blocks, the files that it shows, and its links.

export interface PageCommand {
  text: string;
  /** For messages: where on the page. */
  line: number;
}

/** A block whose fence names a file (```json status.json): the reader saves it under that name. */
export interface PageFile {
  name: string;
  content: string;
  line: number;
}

interface Block {
  language: string;
  /** What follows the language on the fence; "" where nothing does. */
  fileName: string;
  lines: { text: string; line: number }[];
}

/** The fenced blocks of a page, in order; `language` is "" where none is named. */
function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  let open: Block | null = null;
  for (const [index, text] of markdown.split("\n").entries()) {
    const fence = /^\s*```(\S*) *(\S*)/.exec(text);
    if (fence !== null && open === null) open = { language: fence[1] as string, fileName: fence[2] as string, lines: [] };
    else if (fence !== null && open !== null) {
      blocks.push(open);
      open = null;
    } else open?.lines.push({ text, line: index + 1 });
  }
  if (open !== null) throw new Error("a fenced block is not closed");
  return blocks;
}

export function languagesOf(markdown: string): string[] {
  return [...new Set(blocksOf(markdown).map(({ language }) => language))];
}

/** What each fenced block says it is. */
export function fencesOf(markdown: string): { language: string; fileName: string }[] {
  return blocksOf(markdown).map(({ language, fileName }) => ({ language, fileName }));
}

/** The commands of the ```sh blocks, one per line; a line that ends in a backslash goes on in the next. */
export function commandsOf(markdown: string): PageCommand[] {
  return stepsOf(markdown).filter((step) => "text" in step);
}

/** What a reader does, in order: saves the files, pastes the commands. */
export function stepsOf(markdown: string): (PageCommand | PageFile)[] {
  const steps: (PageCommand | PageFile)[] = [];
  for (const { language, fileName, lines } of blocksOf(markdown)) {
    if (fileName !== "") {
      const content = lines.map(({ text }) => `${text}\n`).join("");
      steps.push({ name: fileName, content, line: (lines[0]?.line ?? 0) - 1 });
    }
    if (language !== "sh") continue;
    let begun: PageCommand | null = null;
    for (const { text, line } of lines) {
      const command: PageCommand = begun === null ? { text, line } : { text: `${begun.text}\n${text}`, line: begun.line };
      begun = text.endsWith("\\") ? command : null;
      if (begun === null && !/^\s*(#|$)/.test(command.text)) steps.push(command);
    }
    if (begun !== null) throw new Error(`line ${begun.line}: the block ends in the middle of a command`);
  }
  return steps;
}

/** The targets of links and images, those in code left out. */
export function linksOf(markdown: string): string[] {
  const text = markdown.replace(/^\s*```[\s\S]*?^\s*```/gm, "").replace(/`[^`\n]*`/g, "");
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] as string);
}

/** The anchors that headings get, as GitHub makes them. */
export function anchorsOf(markdown: string): string[] {
  const headings = markdown.replace(/^\s*```[\s\S]*?^\s*```/gm, "").matchAll(/^#{1,6} +(.+)$/gm);
  return [...headings].map(([, title]) => {
    return (title as string)
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .trim()
      .replaceAll(" ", "-");
  });
}
