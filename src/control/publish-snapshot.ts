// Brings committed changes to the data plane: a patch where one will do, everything where versions were missed.
import type { Cipher } from "../core/cipher.ts";
import type { Clock } from "../core/clock.ts";
import type { SnapshotContent, SnapshotPatch } from "../domain/snapshot.ts";
import type { Timeouts } from "../domain/timeouts.ts";
import type { Storage } from "../storage/port.ts";
import { keyView, loadGroups, loadRouting, loadSnapshot, loadUsers } from "./load-snapshot.ts";

/** Where snapshots go. */
export interface SnapshotTarget {
  replace(content: SnapshotContent): void;
  apply(patch: SnapshotPatch, nowMs: number): void;
}

export interface PublisherOptions {
  storage: Storage;
  cipher: Cipher;
  /** Of endpoints that set none. */
  timeouts: Timeouts;
  target: SnapshotTarget;
  clock: Clock;
  /** Runs after a change of a key that existed, before it is answered: nothing older may be served from then on, not even after a crash. */
  forgetOlder: () => Promise<void>;
}

export class Publisher {
  readonly #options: PublisherOptions;
  /** The version that the data plane works from; -1 before the first. */
  #published = -1;
  /** Publications happen one after the other, or an older one could overtake a newer. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /** Publishes everything. */
  publishAll(): Promise<void> {
    return this.#inOrder(() => this.#replace());
  }

  /** After a transaction that changed one key. */
  keyChanged(id: string): Promise<void> {
    return this.#inOrder(async () => {
      const { storage, target, clock } = this.#options;
      const version = await storage.meta.configVersion();
      if (version <= this.#published) return;
      if (version > this.#published + 1) return this.#replaceOlder();
      const row = await storage.keys.get(id);
      target.apply({ part: "key", version, id, key: row === null ? null : keyView(row) }, clock.nowMs());
      this.#published = version;
      if (row === null || row.version > 1) await this.#options.forgetOlder();
    });
  }

  /** After a transaction that changed endpoints, deployments or models. */
  routingChanged(): Promise<void> {
    return this.#inOrder(async () => {
      const { storage, target, clock } = this.#options;
      const version = await storage.meta.configVersion();
      if (version <= this.#published) return;
      if (version > this.#published + 1) return this.#replace();
      const routing = await storage.transaction((tx) => loadRouting(tx, this.#options));
      target.apply({ part: "routing", version, ...routing }, clock.nowMs());
      this.#published = version;
    });
  }

  /** After a transaction that changed users, groups or memberships: these users, and the groups too if they changed. */
  peopleChanged({ userIds, groupsChanged }: { userIds: readonly string[]; groupsChanged: boolean }): Promise<void> {
    return this.#inOrder(async () => {
      const { storage, target, clock } = this.#options;
      const version = await storage.meta.configVersion();
      if (version <= this.#published) return;
      if (version > this.#published + 1) return this.#replaceOlder();
      const found = await storage.transaction(async (tx) => ({
        users: await loadUsers(tx, userIds),
        groups: groupsChanged ? await loadGroups(tx) : null,
      }));
      // Who is gone can't be told by what is there.
      if (found.users.length < userIds.length) return this.#replaceOlder();
      target.apply({ part: "users", version, ...found }, clock.nowMs());
      this.#published = version;
      await this.#options.forgetOlder();
    });
  }

  /**
   * Publishes what others (the CLI, another process) have changed since; false when there was nothing. Throws StorageUnavailable when the
   * database is away.
   */
  catchUp(): Promise<boolean> {
    return this.#inOrder(async () => {
      const version = await this.#options.storage.meta.configVersion();
      if (version === this.#published) return false;
      await this.#replace();
      return true;
    });
  }

  /** After a change that may have shut somebody out. */
  async #replaceOlder(): Promise<void> {
    await this.#replace();
    await this.#options.forgetOlder();
  }

  async #replace(): Promise<void> {
    const { storage, target, clock } = this.#options;
    const content = await storage.transaction((tx) => loadSnapshot(tx, this.#options, clock.nowMs()));
    target.replace(content);
    this.#published = content.version;
  }

  #inOrder<Result>(work: () => Promise<Result>): Promise<Result> {
    const next = this.#last.then(work, work);
    this.#last = next.catch(() => undefined);
    return next;
  }
}
