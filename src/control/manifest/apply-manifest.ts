// Brings endpoints, deployments and models in line with a manifest, in one transaction. Applied again, it changes nothing.
import type { Cipher } from "../../core/cipher.ts";
import type { Secret } from "../../core/secret.ts";
import type { EntryStatus } from "../../domain/snapshot.ts";
import { UniqueViolation } from "../../storage/ports/errors.ts";
import type { ManifestRow } from "../../storage/ports/manifests.ts";
import type { Repositories, Storage } from "../../storage/ports/storage.ts";
import { ManifestFailure } from "./manifest-failure.ts";
import { type ParsedManifest, parseManifest } from "./parse-manifest.ts";
import { planEntry } from "./planned-entry.ts";
import type { ManifestCopy } from "./read-manifest-file.ts";
import { EndpointRows, type MovedEntry } from "./write-endpoints.ts";

export interface ApplyOptions {
  cipher: Cipher;
  /** `endpoint_id` → the provider's key. */
  tokens: ReadonlyMap<string, Secret>;
  nowMs: number;
  /** The fetch that has just succeeded, with the new copy or (null) with the news that there is none. Absent: the stored copy is applied. */
  fetched?: { copy: ManifestCopy | null };
}

export interface AppliedEntry {
  key: string;
  /** What the manifest calls `endpoint_id`; null where that can't be read. */
  endpoint_id: string | null;
  /** `dropped`: the entry can't be used. */
  status: EntryStatus | "dropped";
  models: readonly string[];
  /** What keeps it, or some of it, from being used; or what is odd about it. */
  error: string | null;
}

export interface AppliedManifest {
  /** As it is now. */
  row: ManifestRow;
  /** In the manifest's order, dropped ones last. */
  entries: readonly AppliedEntry[];
  /** Whether anything changed that the snapshot shows; the configuration's version has been raised then. */
  changed: boolean;
  moved: readonly MovedEntry[];
}

const maxTries = 4;

/**
 * Null: there is no such manifest any more. Throws ManifestFailure when the copy is no manifest (nothing is written then), and what
 * storage throws. Safe to run in several processes at once.
 */
export async function applyManifest(
  storage: Storage,
  manifestId: string,
  options: ApplyOptions,
): Promise<AppliedManifest | null> {
  for (let tries = 1; ; tries++) {
    try {
      return await storage.transaction((tx) => applyIn(tx, manifestId, options));
    } catch (error) {
      // Another process made a row of this manifest, or took a name, since this one looked: the next try finds it.
      if (!(error instanceof UniqueViolation) || tries === maxTries) throw error;
    }
  }
}

async function applyIn(tx: Repositories, manifestId: string, options: ApplyOptions): Promise<AppliedManifest | null> {
  const { fetched, nowMs } = options;
  // First, for its lock: who applies the same manifest at this moment waits here, and then finds everything done.
  if (fetched !== undefined) await tx.manifests.updateFetched(manifestId, { last_success_at: nowMs, last_error: null });
  const before = await tx.manifests.get(manifestId);
  if (before === null) return null;
  const copied = copyColumns(before, fetched?.copy ?? null);
  const row = { ...before, ...copied };
  const parsed = row.content === null ? null : parsedContent(row, row.content);
  await tx.manifests.updateFetched(manifestId, copied);
  if (parsed === null) return { row, entries: [], changed: false, moved: [] };

  const models = await tx.models.all();
  const virtual = models.filter(({ kind }) => kind === "virtual");
  const context = { manifestId, tokens: options.tokens, virtualNames: new Set(virtual.map(({ name }) => name)) };
  const planned = parsed.entries.map((entry) => planEntry(entry, context));
  const rows = await EndpointRows.read(tx, row, new Set(virtual.map(({ id }) => id)), options);
  for (const plan of planned) await rows.write(plan);
  await rows.removeOthers();
  await rows.addDeployments();
  const changed = rows.changed || isShownDifferently(before, row, parsed);
  if (changed) await tx.meta.bumpConfigVersion({ part: "routing" });
  const entries: AppliedEntry[] = planned.map(({ entry, models: own, error }) => ({
    key: entry.key,
    endpoint_id: entry.tokenName,
    status: entry.status,
    models: own,
    error,
  }));
  for (const { key, tokenName, reason } of parsed.dropped) {
    entries.push({ key, endpoint_id: tokenName, status: "dropped", models: [], error: reason });
  }
  // Replicas that apply nothing show what came of it.
  const applied = JSON.stringify(entries);
  if (applied !== before.applied) await tx.manifests.updateFetched(manifestId, { applied });
  return { row: { ...row, applied }, entries, changed, moved: rows.moved };
}

/** What of the copy is new. */
function copyColumns(
  row: ManifestRow,
  copy: ManifestCopy | null,
): Partial<Pick<ManifestRow, "content" | "etag" | "last_modified">> {
  if (copy === null) return {};
  return {
    ...(copy.text === row.content ? {} : { content: copy.text }),
    ...(copy.etag === row.etag && copy.lastModified === row.last_modified
      ? {}
      : { etag: copy.etag, last_modified: copy.lastModified }),
  };
}

/** The entries' words for people come to the snapshot from the copy itself, not from rows. */
function isShownDifferently(before: ManifestRow, row: ManifestRow, parsed: ParsedManifest): boolean {
  if (before.content === row.content) return false;
  if (before.content === null) return true;
  try {
    return shown(parsedContent(before, before.content)) !== shown(parsed);
  } catch (error) {
    if (error instanceof ManifestFailure) return true;
    throw error;
  }
}

function shown({ entries }: ParsedManifest): string {
  return JSON.stringify(
    entries.map(({ key, status, model, description, modelVersion }) => [key, status, model, description, modelVersion]),
  );
}

export function parsedContent(row: Pick<ManifestRow, "allowed_hosts">, content: string): ParsedManifest {
  return parseManifest(content, { allowedHosts: JSON.parse(row.allowed_hosts) as string[] });
}
