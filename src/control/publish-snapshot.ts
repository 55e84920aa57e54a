// Brings committed changes to the data plane: a patch where one will do, everything where versions were missed.
import type { Cipher } from "../core/cipher.ts";
import type { Clock } from "../core/clock.ts";
import type { SnapshotContent, SnapshotPatch } from "../domain/snapshot.ts";
import type { Timeouts } from "../domain/timeouts.ts";
import type { Storage } from "../storage/port.ts";
import type { PeopleChange } from "./identity/people-change.ts";
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
  /** Runs after a change that may have shut somebody out, before it is answered: nothing older may be served from then on, not even after a crash. */
  forgetOlder: () => Promise<void>;
}

interface Publication {
  patch: SnapshotPatch;
  mayShutOut: boolean;
}

export class Publisher {
  readonly #options: PublisherOptions;
  /** The version that the data plane works from; -1 before the first. */
  #published = -1;
  /** How many changes were announced, and up to which of them the last publication of everything has them. */
  #announced = 0;
  #contained = 0;
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
    return this.#publish(true, async (version) => {
      const row = await this.#options.storage.keys.get(id);
      return {
        patch: { part: "key", version, id, key: row === null ? null : keyView(row) },
        mayShutOut: row === null || row.version > 1,
      };
    });
  }

  /** After a transaction that changed endpoints, deployments or models. */
  routingChanged(): Promise<void> {
    return this.#publish(false, async (version) => {
      const routing = await this.#options.storage.transaction((tx) => loadRouting(tx, this.#options));
      return { patch: { part: "routing", version, ...routing }, mayShutOut: false };
    });
  }

  /** After a transaction that changed users, groups or memberships: these users, and the groups too if they changed. */
  peopleChanged({ userIds, groupsChanged, mayShutOut }: PeopleChange): Promise<void> {
    return this.#publish(mayShutOut, async (version) => {
      const found = await this.#options.storage.transaction(async (tx) => ({
        users: await loadUsers(tx, userIds),
        groups: groupsChanged ? await loadGroups(tx) : null,
      }));
      // Who is gone can't be told by what is there.
      return found.users.length < userIds.length ? null : { patch: { part: "users", version, ...found }, mayShutOut };
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

  /**
   * One announced change, as the patch that `read` makes of what the database has by then, or with everything. It is left out only when
   * a publication of everything has begun since it was announced: another announcement may have taken its version, since some come of
   * writes that changed nothing, and some late. `mayShutOut`: what counts when no patch is made; null: none can say what has changed.
   */
  #publish(mayShutOut: boolean, read: (version: number) => Promise<Publication | null>): Promise<void> {
    const announcement = ++this.#announced;
    return this.#inOrder(async () => {
      const { storage, target, clock, forgetOlder } = this.#options;
      let shutsOut = mayShutOut;
      if (announcement > this.#contained) {
        const version = await storage.meta.configVersion();
        const publication = version > this.#published + 1 ? null : await read(version);
        if (publication === null) {
          await this.#replace();
        } else {
          target.apply(publication.patch, clock.nowMs());
          this.#published = version;
          shutsOut = publication.mayShutOut;
        }
      }
      if (shutsOut) await forgetOlder();
    });
  }

  async #replace(): Promise<void> {
    const { storage, target, clock } = this.#options;
    const announced = this.#announced;
    const content = await storage.transaction((tx) => loadSnapshot(tx, this.#options, clock.nowMs()));
    target.replace(content);
    this.#published = content.version;
    this.#contained = announced;
  }

  #inOrder<Result>(work: () => Promise<Result>): Promise<Result> {
    const next = this.#last.then(work, work);
    this.#last = next.catch(() => undefined);
    return next;
  }
}
