// Variables that hold lists. People write them with spaces, commas, semicolons or newlines, or as JSON: all of these mean the same.
import { type Environment, readVariable } from "./environment.ts";
import { parseJsonList } from "./json-variable.ts";

/** A list's elements without repetitions; empty when the variable is not set. What is wrong goes to `problems`. */
export function readList(
  env: Environment,
  name: string,
  check: (element: string) => string | null,
  problems: string[],
): string[] {
  const text = readVariable(env, name);
  return text === undefined ? [] : parseList(text, name, check, problems);
}

/** The same for a list inside a variable; `where` is what a message begins with. */
export function parseList(
  text: string | readonly unknown[],
  where: string,
  check: (element: string) => string | null,
  problems: string[],
): string[] {
  const isJson = typeof text !== "string" || text.trimStart().startsWith("[");
  const elements = typeof text !== "string" ? text : isJson ? parseJsonList(text) : text.split(/[\s,;]+/).filter(Boolean);
  if (elements === null) {
    problems.push(`${where}: begins like a JSON list, but is none`);
    return [];
  }
  // `[]` says in so many words that there is nothing; separators alone are rather a rule that has got lost
  if (elements.length === 0 && !isJson) problems.push(`${where}: holds nothing`);
  elements.forEach((element, index) => {
    const wrong = typeof element === "string" ? check(element) : "must be text";
    if (wrong !== null) problems.push(`${where}: element ${index + 1} ${wrong}`);
  });
  return [...new Set(elements.filter((element) => typeof element === "string"))];
}
