// Brings committed changes to the data plane, whoever made them: what each version has changed, or everything where that is not known.
import type { Cipher } from "../core/cipher.ts";
import type { Clock } from "../core/clock.ts";
import type { ConfigChange } from "../domain/config-change.ts";
import type { RoutingContent, SnapshotContent, SnapshotPatch } from "../domain/snapshot.ts";
import type { Timeouts } from "../domain/timeouts.ts";
import type { Storage } from "../storage/ports/storage.ts";
import { type GatheredChanges, gatherChanges } from "./gather-changes.ts";
import { keyView, loadGroups, loadRouting, loadSnapshot, loadUsers } from "./load-snapshot.ts";
import type { PriceBook } from "./prices/price-book.ts";

/** Where snapshots go. */
export interface SnapshotTarget {
  /** A promise where others follow too: it resolves when they work from it, or are given up. */
  replace(content: SnapshotContent): void | Promise<void>;
  apply(patch: SnapshotPatch, nowMs: number): void | Promise<void>;
}

export interface PublisherOptions {
  storage: Storage;
  cipher: Cipher;
  /** Of endpoints that set none. */
  timeouts: Timeouts;
  prices: Pick<PriceBook, "prepare" | "priceOf" | "write">;
  target: SnapshotTarget;
  clock: Clock;
  /** Runs after a change that may have shut somebody out, before it is answered: nothing older may be served from then on, not even after a crash. */
  forgetOlder: () => Promise<void>;
  /** Before anything of it is what the data plane works from. */
  beforeApply?: (part: SnapshotContent | SnapshotPatch) => Promise<void>;
  /** After a publication of what others or this process changed. Must not throw. */
  onFollowed?: (touched: GatheredChanges | "all") => void;
}

export class Publisher {
  readonly #options: PublisherOptions;
  /** The version that the data plane works from; -1 before the first. */
  #published = -1;
  /** Somebody was shut out since the older copies went last. */
  #mustForget = false;
  /** Publications happen one after the other, or an older one could overtake a newer. */
  #last: Promise<unknown> = Promise.resolve();
  /** How often everything was read since the start. */
  reloads = 0;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /** After a commit of this process: what it changed is published when this resolves. */
  async changed(): Promise<void> {
    await this.catchUp();
  }

  /** The version that the data plane works from; -1 before the first. */
  get version(): number {
    return this.#published;
  }

  /** Publishes everything. */
  publishAll(): Promise<void> {
    return this.#inOrder(() => this.#replace());
  }

  /**
   * Publishes all that was committed until now and is not published yet, here or by others (another replica, the command line). Returns
   * what that touched; null: there was nothing. Throws StorageUnavailable when the database is away.
   */
  catchUp(): Promise<GatheredChanges | "all" | null> {
    return this.#inOrder(async () => {
      const touched = await this.#follow();
      // It is published, whatever becomes of the older copies.
      if (touched !== null) this.#options.onFollowed?.(touched);
      if (this.#mustForget) {
        await this.#options.forgetOlder();
        this.#mustForget = false;
      }
      return touched;
    });
  }

  /** Reads routing again without a change of the configuration: prices have dates. */
  pricesChanged(): Promise<void> {
    return this.#inOrder(async () => {
      const content = await this.#loadRouting();
      await this.#options.target.apply({ part: "routing", version: this.#published, ...content }, this.#options.clock.nowMs());
    });
  }

  async #loadRouting(): Promise<RoutingContent> {
    const { storage, prices } = this.#options;
    const content = await storage.transaction((tx) => loadRouting(tx, this.#options));
    prices.write(storage);
    return content;
  }

  async #follow(): Promise<GatheredChanges | "all" | null> {
    const { meta } = this.#options.storage;
    const version = await meta.configVersion();
    if (version === this.#published) return null;
    // It was put back from a backup, or nothing was published yet.
    const isKnown = this.#published >= 0 && version > this.#published;
    const since = isKnown ? await meta.changesSince(this.#published) : null;
    const gathered = since === null ? null : gatherChanges(since.changes);
    const patches = since === null || gathered === null ? null : await this.#patches(since.version, gathered);
    if (since === null || gathered === null || patches === null) {
      // What is not known may have shut somebody out.
      this.#mustForget ||= since === null ? isKnown : since.changes.some(mayShutOut);
      await this.#replace();
      return "all";
    }
    for (const patch of patches) await this.#options.beforeApply?.(patch);
    for (const patch of patches) await this.#options.target.apply(patch, this.#options.clock.nowMs());
    this.#published = since.version;
    return gathered;
  }

  /** Null: what has changed can't be told by what is there. They show what there is by now, which may be newer than `version`: that comes again. */
  async #patches(
    version: number,
    { keyIds, userIds, groups, routing, mayShutOut }: GatheredChanges,
  ): Promise<SnapshotPatch[] | null> {
    const { storage } = this.#options;
    const patches: SnapshotPatch[] = [];
    let shutsOut = mayShutOut;
    if (userIds.size > 0 || groups) {
      const ids = [...userIds];
      const found = await storage.transaction(async (tx) => ({
        users: await loadUsers(tx, ids),
        groups: groups ? await loadGroups(tx) : null,
      }));
      // Who is gone can't be told by what is there.
      if (found.users.length < ids.length) return null;
      patches.push({ part: "users", version, ...found });
    }
    for (const id of keyIds) {
      const row = await storage.keys.get(id);
      shutsOut ||= row === null || row.version > 1;
      patches.push({ part: "key", version, id, key: row === null ? null : keyView(row) });
    }
    if (routing) {
      patches.push({ part: "routing", version, ...(await this.#loadRouting()) });
    }
    this.#mustForget ||= shutsOut;
    return patches;
  }

  async #replace(): Promise<void> {
    const { storage, target, clock, prices } = this.#options;
    const content = await storage.transaction((tx) => loadSnapshot(tx, this.#options, clock.nowMs()));
    prices.write(storage);
    await this.#options.beforeApply?.(content);
    await target.replace(content);
    this.#published = content.version;
    this.reloads++;
  }

  #inOrder<Result>(work: () => Promise<Result>): Promise<Result> {
    const next = this.#last.then(work, work);
    this.#last = next.catch(() => undefined);
    return next;
  }
}

/** As far as that is known without a look at what there is. */
function mayShutOut(change: ConfigChange): boolean {
  return change.part === "key" || (change.part === "users" && change.mayShutOut);
}
