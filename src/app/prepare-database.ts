// What a start does with the database before anybody works from it, and what it begins right after.
import type { Config } from "../config/config.ts";
import type { Synchronizer } from "../control/discovery/synchronize.ts";
import type { ExportRuns } from "../control/exports/export-runs.ts";
import type { ThreadedLedgerWriter } from "../control/ledger/threaded-ledger-writer.ts";
import { untilCaughtUp } from "../control/ledger/until-caught-up.ts";
import type { ManifestSync } from "../control/manifest/manifest-sync.ts";
import type { Publisher } from "../control/publish-snapshot.ts";
import type { Replicas } from "../control/replicas/replicas.ts";
import { checkSecretKeyId } from "../control/secret-key-id.ts";
import { seed } from "../control/seed.ts";
import type { Cipher } from "../core/cipher.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import type { Storage } from "../storage/ports/storage.ts";

export interface PrepareDatabaseOptions {
  config: Config;
  storage: Storage;
  cipher: Cipher;
  replicas: Replicas;
  ledgerWriter: ThreadedLedgerWriter;
  manifests: ManifestSync;
  publisher: Publisher;
  exports: ExportRuns;
  synchronizer: Synchronizer;
  schedule: { refresh(): Promise<void> };
  clock: Clock;
  log: Logger;
  /** A snapshot is published: from now on all may use the database. */
  onPublished: () => void;
}

const firstSyncsWaitMs = 10_000;
const ledgerWaitMs = 10_000;

/** Resolves when the first syncs are done, or have taken long enough. Throws StorageUnavailable; it can be called again then. */
export async function prepareDatabase(options: PrepareDatabaseOptions): Promise<void> {
  const { storage, cipher, replicas, ledgerWriter, manifests, publisher, exports, clock } = options;
  await storage.migrate();
  await checkSecretKeyId(storage, cipher);
  await replicas.join();
  const seededIds = await seedFrom(options);
  ledgerWriter.start();
  // Nobody is to hear that a model does not exist which a manifest of the configuration may have.
  await manifests.prepare(storage);
  // Budgets and rates go by the ledger: what an earlier process has left for it has to be there.
  await untilCaughtUp(ledgerWriter, clock, ledgerWaitMs);
  await publisher.publishAll();
  options.onPublished();
  await exports.recover();
  const syncs: Promise<unknown>[] = seededIds.map((id) => options.synchronizer.synchronize(id, { trigger: "seed" }));
  await manifests.start();
  await Promise.race([
    Promise.allSettled([...syncs, manifests.firstCopies()]),
    new Promise<void>((resolve) => clock.after(firstSyncsWaitMs, resolve)),
  ]);
  await options.schedule.refresh();
}

/** The ids of endpoints that were made. */
async function seedFrom({ config, storage, cipher, clock, log }: PrepareDatabaseOptions): Promise<readonly string[]> {
  const { endpoints, keys } = config;
  const { seeded, endpointIds } = await seed({ storage, cipher, endpoints, keys, nowMs: clock.nowMs() });
  if (!seeded && endpoints.length + keys.length > 0) {
    log.info(
      { endpoints: endpoints.length, keys: keys.length },
      "the config file's endpoints and keys are ignored: the database was seeded from it at its first start; change them through the admin API",
    );
  }
  return endpointIds;
}
