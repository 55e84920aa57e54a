// A manifest's text → its entries. Each stands for itself: one that can't be used says why, and leaves the others alone.
import { ManifestFailure } from "./manifest-failure.ts";
import { type DroppedEntry, isObject, type ManifestEntry, parseEntry } from "./parse-entry.ts";

export interface ParsedManifest {
  /** In the manifest's order. */
  entries: readonly ManifestEntry[];
  dropped: readonly DroppedEntry[];
}

export const manifestBytesMax = 4 * 1024 * 1024;
const entriesMax = 10_000;
/** Of all entries together; as many as an endpoint's list of models may have. */
const deploymentsMax = 20_000;

/** Throws ManifestFailure (stage `parse`), and nothing else, when the text as a whole is no manifest. `${VAR}` means nothing here. */
export function parseManifest(text: string, { allowedHosts }: { allowedHosts: readonly string[] }): ParsedManifest {
  if (Buffer.byteLength(text) > manifestBytesMax) throw failure("The manifest is larger than 4 MB.");
  const given = Object.entries(rootOf(text));
  if (given.length > entriesMax) throw failure(`The manifest has more than ${entriesMax} entries.`);
  // An error page in JSON is an object too; taken for a manifest, it would remove every endpoint.
  if (given.length > 0 && !given.some(([, value]) => isObject(value) && ("experts" in value || "url" in value))) {
    throw failure("The manifest is a JSON object, but none of its members looks like an entry.");
  }
  const entries: ManifestEntry[] = [];
  const dropped: DroppedEntry[] = [];
  for (const [key, value] of given) {
    const parsed = parseEntry(key, value, allowedHosts);
    if ("reason" in parsed) dropped.push(parsed);
    else entries.push(parsed);
  }
  if (entries.reduce((sum, { experts }) => sum + experts.length, 0) > deploymentsMax) {
    throw failure(`The manifest's entries have more than ${deploymentsMax} models in all.`);
  }
  return { entries, dropped };
}

function rootOf(text: string): object {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    // V8's message quotes the text
    throw failure("The manifest is not JSON.");
  }
  if (!isObject(root)) throw failure("The manifest must be a JSON object.");
  return root;
}

function failure(detail: string): ManifestFailure {
  return new ManifestFailure("parse", detail);
}
