// What replicas say to one another over the database. All of it is a hint: whoever misses a word finds out by looking a little later.
import { type Topic, topics } from "../../domain/topics.ts";

/** Of one deployment: its id, whether the probe went well, what came of it. */
export type ProbeWord = readonly [deploymentId: string, ok: boolean, cause: string];

export type ReplicaMessage =
  /** Sent by the database with the commit (storage/config-message.ts). */
  | { kind: "config"; version: number }
  /** Pages that show these should ask again. */
  | { kind: "topics"; from: string; topics: readonly Topic[] }
  | { kind: "probes"; from: string; results: readonly ProbeWord[] }
  /** What the rows of manifests say has changed. */
  | { kind: "manifests"; from: string }
  /** Scheduled work is free to be taken. */
  | { kind: "leases"; from: string };

/** Null: of another version of the program, or nothing of ours. */
export function readMessage(text: string): ReplicaMessage | null {
  let message: Record<string, unknown>;
  try {
    // `null` has no members to read.
    message = (JSON.parse(text) ?? {}) as Record<string, unknown>;
  } catch {
    return null;
  }
  const { kind, from, version } = message;
  if (kind === "config") return typeof version === "number" ? { kind, version } : null;
  if (typeof from !== "string") return null;
  if (kind === "manifests" || kind === "leases") return { kind, from };
  if (kind === "topics" && Array.isArray(message.topics)) {
    return { kind, from, topics: message.topics.filter((topic) => topics.includes(topic)) };
  }
  if (kind === "probes" && Array.isArray(message.results)) return { kind, from, results: message.results.filter(isProbeWord) };
  return null;
}

function isProbeWord(word: unknown): word is ProbeWord {
  return Array.isArray(word) && typeof word[0] === "string" && typeof word[1] === "boolean" && typeof word[2] === "string";
}
