// Keeps the endpoints of all manifests in step with them: at the start from the stored copies, then by polling, and on demand.
import type { Cipher } from "../../core/cipher.ts";
import type { Clock, Timer } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import type { ManifestSeed } from "../../domain/seeds.ts";
import type { HttpClient } from "../../egress/http-client.ts";
import { isPublicPlainHttp } from "../../egress/plain-http.ts";
import type { ManifestRow } from "../../storage/ports/manifests.ts";
import type { Storage } from "../../storage/ports/storage.ts";
import { applyManifest } from "./apply-manifest.ts";
import { fetchManifest } from "./fetch-manifest.ts";
import { FollowedManifest } from "./followed-manifest.ts";
import { ManifestFailure } from "./manifest-failure.ts";
import { secretsOf } from "./manifest-secrets.ts";
import { lastErrorColumn, type ManifestState } from "./manifest-state.ts";
import { parseManifest } from "./parse-manifest.ts";
import type { ManifestCopy } from "./read-manifest-file.ts";
import { reconcileSeeds } from "./reconcile-seeds.ts";

export interface ManifestSyncOptions {
  /** Null while the database is away. */
  storage: () => Storage | null;
  cipher: Cipher;
  clock: Clock;
  log: Logger;
  /** The manifests of config file and environment. */
  seeds: readonly ManifestSeed[];
  client: HttpClient;
  /** After a commit that the snapshot has to show. */
  onChanged: () => Promise<void>;
  /** After each fetch, and when a manifest comes or goes. */
  onState?: (states: readonly ManifestState[]) => void;
  /** Whether this replica is the one that polls; default: yes. */
  isLeader?: () => boolean;
  /** After a fetch that rows tell of: other replicas may read them again. */
  onFetched?: () => void;
  /** From 0 to 1; for tests. */
  random?: () => number;
}

const firstRetryMs = 1000;
const startRetryMaxMs = 30_000;

export class ManifestSync {
  readonly #options: ManifestSyncOptions;
  readonly #followed = new Map<string, FollowedManifest>();
  readonly #stopping = new AbortController();
  readonly #warned = new Set<string>();
  #begun: Promise<boolean> | null = null;
  #startTries = 0;
  #startTimer: Timer | null = null;

  constructor(options: ManifestSyncOptions) {
    this.#options = options;
  }

  /** Brings the rows in line with the configuration, ahead of the first snapshot. Never rejects: `start` does it again. */
  async prepare(storage: Storage): Promise<void> {
    try {
      await this.#reconcile(storage);
    } catch (err) {
      this.#options.log.error({ err }, "manifests could not be prepared; it is tried again");
    }
  }

  /**
   * Brings the rows in line with the configuration, applies every stored copy with the tokens of today, and begins to fetch.
   * Resolves before the first fetch has ended (`idle` waits for that). Tries again by itself while the database is away.
   */
  async start(): Promise<void> {
    this.#startTimer?.cancel();
    this.#begun ??= this.#begin();
    if (await this.#begun) return;
    this.#begun = null;
    if (this.#stopping.signal.aborted) return;
    const delayMs = Math.min(firstRetryMs * 2 ** this.#startTries++, startRetryMaxMs);
    this.#startTimer?.cancel();
    this.#startTimer = this.#options.clock.after(delayMs, () => void this.start());
  }

  /** Resolves when no fetch is under way. */
  async idle(): Promise<void> {
    await Promise.all([...this.#followed.values()].map(({ flight }) => flight));
  }

  /** Resolves when no manifest without a copy is being fetched: with one, calls are served whatever the fetch brings. */
  async firstCopies(): Promise<void> {
    await Promise.all([...this.#followed.values()].map(({ flight, hasCopy }) => (hasCopy ? null : flight)));
  }

  /** Fetches the manifest now, or waits for the fetch that is under way. Null: there is no such manifest. Throws what storage throws when it has to look for a new one. */
  async refresh(id: string): Promise<ManifestState | null> {
    if (!this.#followed.has(id)) await this.reload();
    const manifest = this.#followed.get(id);
    if (manifest === undefined) return null;
    await this.#look(manifest);
    return manifest.state();
  }

  /** Reads the manifests again: follows new and changed ones, forgets those that are gone. Throws what storage throws. */
  async reload(): Promise<void> {
    const storage = this.#options.storage();
    if (storage === null || this.#stopping.signal.aborted) return;
    const added = this.#follow(await storage.manifests.all());
    for (const manifest of added) void this.#look(manifest);
    this.#told();
  }

  /** Polls from now on what another replica has polled until now: each manifest when it is due. */
  lead(): void {
    for (const manifest of this.#followed.values()) if (manifest.flight === null) this.#arm(manifest, manifest.dueAtMs);
  }

  /**
   * Polls no longer. A fetch that is under way ends: to apply a copy is safe in any number of processes at once.
   */
  follow(): void {
    for (const { timer } of this.#followed.values()) timer?.cancel();
  }

  /**
   * Follows what other replicas have written: manifests that they made or removed, and how each is. Fetches nothing but what this one polls
   * and is due. Does nothing before the start. Throws what storage throws.
   */
  async reread(): Promise<void> {
    if (this.#begun === null || !(await this.#begun)) return;
    const { storage: open, clock } = this.#options;
    const storage = open();
    if (storage === null || this.#stopping.signal.aborted) return;
    const rows = await storage.manifests.all();
    const added = this.#follow(rows);
    for (const row of rows) {
      const manifest = this.#followed.get(row.id);
      if (manifest !== undefined && manifest.flight === null) manifest.told(row, clock.nowMs());
    }
    for (const manifest of added) if (this.#isLeader()) this.#arm(manifest, manifest.dueAtMs);
    this.#told();
  }

  /** Applies all copies again, for whatever an administrator has changed about models of manifests. */
  async reapply(): Promise<void> {
    const storage = this.#options.storage();
    if (storage === null) return;
    for (const manifest of this.#followed.values()) await this.#applyStored(manifest, storage);
  }

  states(): ManifestState[] {
    return [...this.#followed.values()].map((manifest) => manifest.state()).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Null: there is no such manifest, or it is not known here yet. */
  state(id: string): ManifestState | null {
    return this.#followed.get(id)?.state() ?? null;
  }

  /** Ends all fetching; resolves when nothing of it touches the database any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#startTimer?.cancel();
    for (const { timer } of this.#followed.values()) timer?.cancel();
    await this.#begun;
    await this.idle();
  }

  /** False: the database is away. */
  async #begin(): Promise<boolean> {
    const storage = this.#options.storage();
    if (storage === null) return false;
    try {
      const changed = await this.#reconcile(storage);
      const added = this.#follow(await storage.manifests.all());
      if (changed) await this.#publish();
      for (const manifest of added) await this.#applyStored(manifest, storage);
      // One that another replica polls, and of which there is a copy, has no need of another fetch because this one starts.
      for (const manifest of added) if (this.#isLeader() || !manifest.hasCopy) void this.#look(manifest);
      this.#told();
      return true;
    } catch (err) {
      this.#options.log.error({ err }, "manifests could not be prepared; it is tried again");
      return false;
    }
  }

  /** True: something had to be changed. */
  async #reconcile(storage: Storage): Promise<boolean> {
    const { seeds, clock, log } = this.#options;
    const { changed, takenOver } = await reconcileSeeds(storage, seeds, clock.nowMs());
    for (const manifest of takenOver) {
      log.warn({ manifest }, "a manifest that was made through the admin API is one of the configuration now");
    }
    return changed;
  }

  /** The manifests that are followed from now on. */
  #follow(rows: readonly ManifestRow[]): FollowedManifest[] {
    const { clock, log } = this.#options;
    const present = new Map(rows.map((row) => [row.id, row]));
    for (const [id, manifest] of this.#followed) {
      const row = present.get(id);
      if (row === undefined) this.#forget(manifest);
      else manifest.take(row);
    }
    return rows
      .filter(({ id }) => !this.#followed.has(id))
      .map((row) => {
        const manifest = new FollowedManifest(row, clock.nowMs(), log);
        this.#followed.set(row.id, manifest);
        this.#warnOfPlainHttp(row);
        return manifest;
      });
  }

  #forget(manifest: FollowedManifest): void {
    manifest.timer?.cancel();
    this.#followed.delete(manifest.id);
  }

  /** Those of the configuration are warned about where it is read. */
  #warnOfPlainHttp({ id, name, url, origin }: ManifestRow): void {
    if (origin !== "admin" || this.#warned.has(id) || !isPublicPlainHttp(url)) return;
    this.#warned.add(id);
    const message = "a manifest is fetched over plain http: whoever is on the way can read and change it; use https";
    this.#options.log.warn({ manifest: name, host: new URL(url).hostname }, message);
  }

  async #applyStored(manifest: FollowedManifest, storage: Storage): Promise<void> {
    const { cipher, clock, log, seeds } = this.#options;
    try {
      const row = await storage.manifests.get(manifest.id);
      if (row === null) return this.#forget(manifest);
      const { tokens } = secretsOf(row, seeds, cipher);
      const applied = await applyManifest(storage, manifest.id, { cipher, tokens, nowMs: clock.nowMs() });
      if (applied === null) return this.#forget(manifest);
      manifest.applied(applied, false);
      if (applied.changed) await this.#publish();
    } catch (err) {
      log.error(
        { err, manifest: manifest.name },
        "the stored copy of a manifest could not be applied; the next fetch tries it again",
      );
    }
  }

  /** One fetch at a time for each manifest. Never rejects. */
  #look(manifest: FollowedManifest): Promise<void> {
    manifest.flight ??= this.#lookOnce(manifest).finally(() => {
      manifest.flight = null;
      this.#arm(manifest);
    });
    return manifest.flight;
  }

  async #lookOnce(manifest: FollowedManifest): Promise<void> {
    manifest.timer?.cancel();
    if (this.#stopping.signal.aborted) return;
    let hasSucceeded = false;
    try {
      const storage = this.#options.storage();
      // What can't be written would be lost: without the database there is no point in asking.
      if (storage !== null) hasSucceeded = await this.#fetchAndApply(manifest, storage);
    } catch (err) {
      const message = "a manifest could not be brought into the database; it is tried again";
      if (!this.#stopping.signal.aborted) this.#options.log.error({ err, manifest: manifest.name }, message);
    }
    manifest.failures = hasSucceeded ? 0 : manifest.failures + 1;
    this.#told();
    this.#options.onFetched?.();
  }

  /** False: it could not be had, or is gone. Throws what storage throws. */
  async #fetchAndApply(manifest: FollowedManifest, storage: Storage): Promise<boolean> {
    const { cipher, clock, seeds } = this.#options;
    const row = await storage.manifests.get(manifest.id);
    if (row === null) {
      this.#forget(manifest);
      return false;
    }
    manifest.take(row);
    const { headers, tokens } = secretsOf(row, seeds, cipher);
    const fetched = await this.#fetch(row, headers);
    if (this.#stopping.signal.aborted) return false;
    if (fetched instanceof ManifestFailure) {
      const error = { atMs: clock.nowMs(), stage: fetched.stage, detail: fetched.detail };
      manifest.failed(error);
      await storage.manifests.updateFetched(row.id, { last_error: lastErrorColumn(error) });
      return false;
    }
    // Also what has not changed is applied: what others did to the rows meanwhile is put right.
    const applied = await applyManifest(storage, row.id, { cipher, tokens, nowMs: clock.nowMs(), fetched });
    if (applied === null) {
      this.#forget(manifest);
      return false;
    }
    manifest.applied(applied, true);
    if (applied.changed) await this.#publish();
    return true;
  }

  /** A copy that is no manifest is as good as none. */
  async #fetch(
    row: ManifestRow,
    headers: ReturnType<typeof secretsOf>["headers"],
  ): Promise<{ copy: ManifestCopy | null } | ManifestFailure> {
    const known = row.content === null ? { etag: null, lastModified: null } : { etag: row.etag, lastModified: row.last_modified };
    try {
      const options = { client: this.#options.client, signal: this.#stopping.signal };
      const copy = await fetchManifest({ url: row.url, headers, ...known }, options);
      if (copy !== null) parseManifest(copy.text, { allowedHosts: [] });
      return { copy };
    } catch (error) {
      if (error instanceof ManifestFailure) return error;
      throw error;
    }
  }

  #isLeader(): boolean {
    return this.#options.isLeader?.() ?? true;
  }

  #arm(manifest: FollowedManifest, dueAtMs?: number): void {
    if (this.#stopping.signal.aborted || !this.#followed.has(manifest.id) || !this.#isLeader()) return;
    const { clock, random = Math.random } = this.#options;
    const { failures, intervalMs, hasCopy, status } = manifest;
    // A failed fetch of what is there already waits for its turn; a first one, or a database that was away, is tried again soon.
    const isSoon = failures > 0 && (!hasCopy || status === "ok");
    const delayMs = isSoon ? Math.min(firstRetryMs * 2 ** Math.min(failures - 1, 20), intervalMs) : intervalMs;
    manifest.timer?.cancel();
    // Never later than the interval says.
    const waitMs =
      dueAtMs === undefined ? delayMs * (1 - 0.1 * random()) : Math.min(Math.max(0, dueAtMs - clock.nowMs()), intervalMs);
    manifest.timer = clock.after(waitMs, () => void this.#look(manifest));
  }

  async #publish(): Promise<void> {
    try {
      await this.#options.onChanged();
    } catch (err) {
      this.#options.log.error(
        { err },
        "a change of a manifest is in the database, but could not be published to the data plane yet",
      );
    }
  }

  #told(): void {
    this.#options.onState?.(this.states());
  }
}
