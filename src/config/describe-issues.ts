// zod's issues as lines for people: the key path or the variable at fault, then what it takes. Never the value.
import type { z } from "zod";
import { nearestKey } from "./known-keys.ts";
import { configSchema } from "./schema.ts";

/** `["endpoints", 0, "url"]` → `endpoints[0].url`. */
export function formatPath(path: readonly PropertyKey[]): string {
  let text = "";
  for (const part of path) text += typeof part === "number" ? `[${part}]` : `${text === "" ? "" : "."}${nameOf(part)}`;
  return text;
}

/** A name as it goes into a message: odd ones quoted, long ones cut. */
function nameOf(part: PropertyKey): string {
  const name = String(part);
  return /^[A-Za-z0-9_.:/@-]{1,64}$/.test(name) ? name : JSON.stringify(name.slice(0, 64));
}

/** `labels` names the source of values that did not come from the file, by key path (`server.port` → `HEADGATE_PORT`). */
export function describeIssues(issues: readonly z.core.$ZodIssue[], labels: ReadonlyMap<string, string> = new Map()): string[] {
  return issues.flatMap((issue) => {
    const path = formatPath(issue.path);
    if (issue.code === "unrecognized_keys") return issue.keys.map((key) => describeUnknownKey(issue.path, key));
    const where = labels.get(path) ?? path;
    return [`${where === "" ? "the file" : where}: ${describeIssue(issue)}`];
  });
}

function describeIssue(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type" && issue.expected === "object") return "must be a section of keys";
  return issue.message;
}

function describeUnknownKey(section: readonly PropertyKey[], key: string): string {
  const path = formatPath([...section, key]);
  // the same path with [] for every index, as the schema knows it
  const generalSection = formatPath(section).replace(/\[\d+\]/g, "[]");
  const nearest = nearestKey(configSchema, generalSection, key);
  const inSameSection = generalSection !== "" && nearest.startsWith(`${generalSection}.`);
  const shown = inSameSection ? formatPath(section) + nearest.slice(generalSection.length) : nearest;
  return `${path}: unknown key; the nearest known one is ${shown}`;
}
