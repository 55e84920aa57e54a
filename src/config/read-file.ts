// Reads the config file: text to plain values. What the YAML parser complains about is told by line and column only.
import { readFileSync } from "node:fs";
import { LineCounter, parseDocument } from "yaml";
import { ConfigError } from "./config-error.ts";

/** A file's text; null when there is no such file. Throws ConfigError when there is one that can't be read. */
export function readOptionalFile(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw new ConfigError([`${path} can't be read (${code})`]);
  }
}

/** Messages of these say nothing of the file's content; others quote it, and it may hold a secret. */
const plainMessages = new Set([
  "BAD_INDENT",
  "BLOCK_AS_IMPLICIT_KEY",
  "DUPLICATE_KEY",
  "KEY_OVER_1024_CHARS",
  "MISSING_CHAR",
  "MULTILINE_IMPLICIT_KEY",
  "TAB_AS_INDENT",
]);

/** The sections of a YAML file; sections without content are left out. Throws ConfigError for anything but one map. */
export function parseYaml(text: string, path: string): Record<string, unknown> {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { prettyErrors: false, lineCounter, logLevel: "error" });
  const problems = [...document.errors, ...document.warnings].map((error) => {
    const { line, col } = lineCounter.linePos(error.pos[0]);
    const what = plainMessages.has(error.code) ? error.message : error.code;
    return `line ${line}, column ${col}: not valid YAML: ${what}`;
  });
  if (problems.length > 0) throw new ConfigError(problems, path);
  let content: unknown;
  try {
    content = document.toJS();
  } catch {
    throw new ConfigError(["not valid YAML: an alias ('*name') without its anchor; texts that begin with '*' need quotes"], path);
  }
  if (content === null || content === undefined) return {};
  if (typeof content !== "object" || Array.isArray(content)) throw new ConfigError(["the file must be a map of sections"], path);
  // `database:` with everything below it commented out means the same as no `database:`
  return Object.fromEntries(Object.entries(content).filter(([, section]) => section !== null));
}
