// Names with values, one pair a line, as they are typed and as the API has them.
import { ApiError } from "../../api/client.ts";

export function formatPairs(pairs: Readonly<Record<string, string>>, separator: string): string {
  return Object.entries(pairs)
    .map(([name, value]) => `${name}${separator}${value}`)
    .join("\n");
}

/** Throws ApiError at `field` for a line without the separator or a name that is there twice. */
export function parsePairs(text: string, separator: string, field: string): Record<string, string> {
  const sign = separator.trim();
  const pairs = new Map<string, string>();
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const at = line.indexOf(sign);
    const wrong = (what: string) => new ApiError(400, "invalid_field", `Line ${index + 1} ${what}.`, field);
    if (at < 1) throw wrong(`has no “${sign}” after a name`);
    const name = line.slice(0, at).trim();
    if (pairs.has(name)) throw wrong(`names “${name}” a second time`);
    pairs.set(name, line.slice(at + sign.length).trim());
  }
  return Object.fromEntries(pairs);
}

/** The merge patch that makes `before` into `after`. */
export function pairsPatch(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): Record<string, string | null> {
  const patch: Record<string, string | null> = {};
  for (const name of Object.keys(before)) if (!Object.hasOwn(after, name)) patch[name] = null;
  for (const [name, value] of Object.entries(after)) if (before[name] !== value) patch[name] = value;
  return patch;
}
