// `${VAR}` in the texts of the parsed file. After parsing, so that a variable's content is never read as YAML.
import { formatPath } from "./describe-issues.ts";

/** Docker's --env-file and the like hand quotes on: one pair around the whole value goes. */
export function withoutQuotes(value: string): string {
  return /^(["']).*\1$/s.test(value) && value.length >= 2 ? value.slice(1, -1) : value;
}

/**
 * A copy of `value` with `${NAME}` in every text replaced from `env` and `$${` turned to `${`. What is missing or
 * malformed goes to `problems`, by key path.
 */
export function substituteVariables(
  value: unknown,
  env: Readonly<Record<string, string | undefined>>,
  problems: Map<string, string>,
  path: readonly PropertyKey[] = [],
): unknown {
  if (typeof value === "string") return substituteText(value, env, problems, path);
  if (Array.isArray(value)) return value.map((element, index) => substituteVariables(element, env, problems, [...path, index]));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, substituteVariables(inner, env, problems, [...path, name])]),
  );
}

function substituteText(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
  problems: Map<string, string>,
  path: readonly PropertyKey[],
): string {
  return text.replace(/\$\$\{|\$\{([^}]*)\}?/g, (match, name: string | undefined) => {
    if (name === undefined) return "${";
    if (!match.endsWith("}") || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      // the text may be part of a credential, so it is not repeated
      problems.set(
        formatPath(path),
        '"${" must begin the name of a variable, as in ${OPENAI_API_KEY}; write "$${" for the two characters themselves',
      );
      return "";
    }
    const found = env[name];
    if (found === undefined) {
      problems.set(formatPath(path), `the environment variable ${name} is not set`);
      return "";
    }
    return withoutQuotes(found);
  });
}
