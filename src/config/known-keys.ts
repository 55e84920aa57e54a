// The key paths that the schema knows, and the one nearest to a key that it does not know.
import { z } from "zod";

/** The schema inside optional, default and transformed ones. */
export function unwrap(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) return unwrap(schema.unwrap() as z.ZodType);
  return schema;
}

/** A key with the schema of its value; `path` is as people write it, `[]` standing for every element of a list. */
export interface KnownKey {
  path: string;
  schema: z.ZodType;
}

/** All keys below `schema` in the order of the file, sections before what is in them. */
export function knownKeys(schema: z.ZodType, prefix = ""): KnownKey[] {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodArray) return prefix === "" ? [] : knownKeys(inner.element as z.ZodType, `${prefix}[]`);
  if (!(inner instanceof z.ZodObject)) return [];
  return Object.entries(inner.shape as Record<string, z.ZodType>).flatMap(([name, value]) => {
    const path = prefix === "" ? name : `${prefix}.${name}`;
    return [{ path, schema: value }, ...knownKeys(value, path)];
  });
}

/**
 * The known key that somebody who wrote `key` in `section` most likely meant: by edit distance of the last name, with
 * neighbours in the same section preferred to namesakes elsewhere. Paths with `[]` for list elements.
 */
export function nearestKey(schema: z.ZodType, section: string, key: string): string {
  let nearest = "";
  let nearestCost = Number.POSITIVE_INFINITY;
  for (const { path } of knownKeys(schema)) {
    const dot = path.lastIndexOf(".");
    const cost = editDistance(bare(key), bare(path.slice(dot + 1))) + (path.slice(0, Math.max(dot, 0)) === section ? 0 : 1.5);
    if (cost < nearestCost) {
      nearest = path;
      nearestCost = cost;
    }
  }
  return nearest;
}

/** `bodyLimit`, `body-limit` and `body_limit` are the same mistake away from nothing. */
function bare(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, "");
}

/** The number of single-character insertions, deletions, substitutions and swaps of neighbours between two words. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        (last[column] as number) + 1,
        (current[column - 1] as number) + 1,
        (last[column - 1] as number) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, (beforeLast[column - 2] as number) + 1);
      }
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] as number;
}
