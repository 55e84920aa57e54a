// Variables that hold JSON, such as METIS_API_TOKENS. What is wrong with one is said without a piece of it: JSON.parse's own messages quote the text.
import { parseDocument, visit } from "yaml";
import { type Environment, readVariable } from "./environment.ts";

/**
 * The members of the JSON object in a variable. Null: it is not set, or it is wrong, which then is in `problems`.
 * `what` says what the object holds, as in "a JSON object of `what`".
 */
export function readJsonObject(
  env: Environment,
  name: string,
  what: string,
  problems: string[],
): readonly (readonly [name: string, value: unknown])[] | null {
  const text = readVariable(env, name);
  if (text === undefined) return null;
  const json = jsonIn(text);
  if (json === null) {
    problems.push(`${name}: must be a JSON object of ${what}, but it is not JSON (in a .env file, put single quotes around it)`);
    return null;
  }
  const value: unknown = JSON.parse(json);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    problems.push(`${name}: must be a JSON object of ${what}`);
    return null;
  }
  const repeated = repeatedMembers(json);
  for (const [member, index] of repeated) problems.push(`${name}: ${memberName(member, index)} is there twice`);
  return repeated.size > 0 ? null : Object.entries(value);
}

/** The elements of the JSON list in `text`; null when there is none. */
export function parseJsonList(text: string): readonly unknown[] | null {
  const json = jsonIn(text);
  const value: unknown = json === null ? null : JSON.parse(json);
  return Array.isArray(value) ? value : null;
}

/** How a message calls a member of the object: by its name, unless that looks like a credential in the wrong place. */
export function memberName(name: string, index: number): string {
  return /^(?!sk-)[A-Za-z0-9_.:/@-]{1,64}$/i.test(name) ? `'${name}'` : `its member ${index + 1}`;
}

/** `text` if it is JSON; also where an env file that keeps backslashes has handed them on (`{\"a\": \"b\"}`). */
function jsonIn(text: string): string | null {
  if (isJson(text)) return text;
  const unescaped = /^\s*[{[]\s*\\"/.test(text) ? text.replace(/\\(["\\])/g, "$1") : text;
  return isJson(unescaped) ? unescaped : null;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Names that are there more than once, with the place of the first repetition. JSON.parse would take the last, silently. */
function repeatedMembers(json: string): Map<string, number> {
  const seen = new Set<string>();
  const repeated = new Map<string, number>();
  visit(parseDocument(json, { uniqueKeys: false, logLevel: "silent" }), {
    Pair(index, pair) {
      // JSON is YAML, so the key of each pair is a scalar
      const member = String((pair.key as { value: unknown }).value);
      if (seen.has(member) && !repeated.has(member)) repeated.set(member, Number(index));
      seen.add(member);
      return visit.SKIP;
    },
  });
  return repeated;
}
