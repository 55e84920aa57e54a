// The manifests of config file and environment, as rows: made, changed and removed at each start, as the configuration says then.
import type { ManifestSeed } from "../../domain/seeds.ts";
import { UniqueViolation } from "../../storage/ports/errors.ts";
import type { ManifestRow } from "../../storage/ports/manifests.ts";
import type { Repositories, Storage } from "../../storage/ports/storage.ts";
import type { SystemActor } from "../audit/record-change.ts";
import { newManifestRow } from "./new-manifest-row.ts";
import { recordManifest } from "./record-manifest.ts";
import { removeManifest } from "./remove-manifest.ts";

export interface ReconciledSeeds {
  /** Whether the snapshot has to change; the configuration's version has been raised then. */
  changed: boolean;
  /** Names of manifests that were made through the admin API and now follow the configuration. */
  takenOver: string[];
}

const maxTries = 4;

/** In one transaction; several processes with one configuration may do it at once. */
export async function reconcileSeeds(storage: Storage, seeds: readonly ManifestSeed[], nowMs: number): Promise<ReconciledSeeds> {
  for (let tries = 1; ; tries++) {
    try {
      return await storage.transaction((tx) => reconcileIn(tx, seeds, nowMs));
    } catch (error) {
      if (!(error instanceof UniqueViolation) || tries === maxTries) throw error;
    }
  }
}

async function reconcileIn(tx: Repositories, seeds: readonly ManifestSeed[], nowMs: number): Promise<ReconciledSeeds> {
  const rows = new Map((await tx.manifests.all()).map((row) => [row.name, row]));
  const result: ReconciledSeeds = { changed: false, takenOver: [] };
  let hasAdded = false;
  for (const seed of seeds) {
    const row = rows.get(seed.name);
    rows.delete(seed.name);
    const columns = {
      url: seed.url,
      origin: seed.origin,
      interval_ms: seed.intervalMs,
      allowed_hosts: JSON.stringify(seed.allowedHosts),
    };
    if (row === undefined) {
      const added = newManifestRow({ name: seed.name, ...columns }, nowMs);
      await tx.manifests.insert(added);
      await recordManifest(tx, { ...by(seed.origin), before: null, after: added, nowMs });
      hasAdded = true;
      continue;
    }
    if (row.origin === "admin") result.takenOver.push(row.name);
    const changes = changesOf(row, columns);
    if (Object.keys(changes).length === 0) continue;
    await tx.manifests.update(row.id, { ...changes, updated_at: nowMs });
    await recordManifest(tx, { ...by(seed.origin), before: row, after: { ...row, ...changes }, nowMs });
  }
  for (const row of rows.values()) {
    if (row.origin === "admin" || !(await removeManifest(tx, row.id))) continue;
    await recordManifest(tx, { ...by(row.origin), before: row, after: null, nowMs });
    result.changed = true;
  }
  result.changed ||= hasAdded;
  if (result.changed) await tx.meta.bumpConfigVersion({ part: "routing" });
  return result;
}

/** `config` or `environment`. */
function by(origin: string): { actor: SystemActor; requestId: null } {
  return { actor: { kind: "system", name: origin }, requestId: null };
}

function changesOf(row: ManifestRow, wanted: Partial<ManifestRow>): Partial<ManifestRow> {
  const changes: Partial<ManifestRow> = {};
  for (const [column, value] of Object.entries(wanted)) {
    if (value !== row[column as keyof ManifestRow]) Object.assign(changes, { [column]: value });
  }
  // Headers and tokens are the configuration's now.
  if (row.headers_ciphertext !== null) changes.headers_ciphertext = null;
  if (row.tokens_ciphertext !== null) changes.tokens_ciphertext = null;
  // The other place has not said yet that it has nothing newer than the copy at hand, which stays in use.
  if (changes.url !== undefined) Object.assign(changes, { etag: null, last_modified: null });
  return changes;
}
