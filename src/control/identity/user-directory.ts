// Keeps the rows of callers who prove themselves with a token: in the background, so that no call waits for the database.
import type { Clock, Timer } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import type { ProvenIdentity } from "../../domain/identity.ts";
import { StorageUnavailable } from "../../storage/ports/errors.ts";
import type { Storage } from "../../storage/ports/storage.ts";
import type { PeopleChange } from "./people-change.ts";
import { type Sighting, writeIdentity } from "./write-identity.ts";
import { WrittenIdentities } from "./written-identities.ts";

export interface UserDirectoryOptions {
  /** Null while the database is away. */
  storage: () => Storage | null;
  clock: Clock;
  log: Logger;
  /** After the commit of what the data plane is to know; a failure is logged. */
  onChanged: (change: PeopleChange) => void | Promise<void>;
  /** Users that may wait to be written. Default 10,000. */
  queueMax?: number;
}

const batchMax = 100;
/** Sights of one user that come together are written once. */
const gatherMs = 20;
const firstRetryMs = 250;
const longestRetryMs = 10_000;
const stopTimeoutMs = 2000;
const dropLogEveryMs = 60_000;
/** Another process that makes the same rows at the same time wins once, not every time. */
const triesOfOne = 3;

export class UserDirectory {
  readonly #options: UserDirectoryOptions;
  readonly #queueMax: number;
  readonly #waiting = new Map<string, Sighting>();
  readonly #written = new WrittenIdentities();
  #timer: Timer | null = null;
  #draining: Promise<void> | null = null;
  /** Times in a row that the database was away. */
  #failures = 0;
  #isStopped = false;
  #droppedTotal = 0;
  #dropLoggedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: UserDirectoryOptions) {
    this.#options = options;
    this.#queueMax = options.queueMax ?? 10_000;
  }

  /** Sights that were not written because too many users were waiting; a later one writes them. */
  get droppedTotal(): number {
    return this.#droppedTotal;
  }

  /** A token of this caller was verified. Returns at once, and costs little for callers who have not changed. */
  seen(shown: ProvenIdentity): void {
    if (this.#isStopped) return;
    const identity = this.#written.current(shown);
    const seenAtMs = this.#options.clock.nowMs();
    const waiting = this.#waiting.get(identity.userId);
    if (waiting === undefined) {
      if (this.#written.has(identity, seenAtMs)) return;
      if (this.#waiting.size >= this.#queueMax) return this.#drop(seenAtMs);
    }
    this.#waiting.set(identity.userId, newer({ identity, seenAtMs }, waiting));
    this.#schedule(gatherMs);
  }

  /** Looks at these users, or all, in the database at their next sight: an administrator has changed or deleted rows. */
  forget(userIds?: readonly string[]): void {
    this.#written.forget(userIds);
  }

  /** Writes all that waits, as far as the database is there. */
  flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    this.#draining ??= this.#drain().finally(() => {
      this.#draining = null;
      if (this.#waiting.size > 0 && !this.#isStopped) this.#schedule(this.#retryMs());
    });
    return this.#draining;
  }

  /** Writes what waits, for at most 2 s; sights after this are ignored. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const { clock, log } = this.#options;
    let timer: Timer | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = clock.after(stopTimeoutMs, resolve);
    });
    await Promise.race([this.flush(), timeout]);
    timer?.cancel();
    if (this.#waiting.size > 0) log.warn({ users: this.#waiting.size }, "stopped before all users that were seen were written");
  }

  #schedule(delayMs: number): void {
    if (this.#timer !== null || this.#draining !== null) return;
    this.#timer = this.#options.clock.after(delayMs, () => void this.flush());
  }

  #retryMs(): number {
    return this.#failures === 0 ? gatherMs : Math.min(longestRetryMs, firstRetryMs * 2 ** (this.#failures - 1));
  }

  /** Never rejects. */
  async #drain(): Promise<void> {
    while (this.#waiting.size > 0) {
      const storage = this.#options.storage();
      const batch = storage === null ? [] : this.#take();
      try {
        if (storage === null) throw new StorageUnavailable("not open");
        await this.#write(storage, batch).catch((error: unknown) => {
          if (error instanceof StorageUnavailable) throw error;
          return this.#writeOneByOne(storage, batch);
        });
        this.#failures = 0;
      } catch {
        // StorageUnavailable: whoever watches the database says so in the log.
        this.#failures++;
        for (const sighting of batch) this.#putBack(sighting);
        return;
      }
    }
  }

  /** In the order of ids: two processes that write the same users wait for one another instead of getting stuck. */
  #take(): Sighting[] {
    const ids = [...this.#waiting.keys()].slice(0, batchMax).sort();
    return ids.map((id) => {
      const sighting = this.#waiting.get(id) as Sighting;
      this.#waiting.delete(id);
      return sighting;
    });
  }

  #putBack(sighting: Sighting): void {
    const { userId } = sighting.identity;
    const since = this.#waiting.get(userId);
    this.#waiting.set(userId, since === undefined ? sighting : newer(since, sighting));
  }

  async #write(storage: Storage, batch: readonly Sighting[]): Promise<void> {
    const written = this.#written.remember(batch);
    const change = await storage.transaction(async (repositories) => {
      const change: PeopleChange = { userIds: [], groupsChanged: false, mayShutOut: false };
      for (const sighting of batch) {
        const { isUserShown, hasNewGroups, hasLeft } = await writeIdentity(repositories, sighting);
        if (isUserShown) change.userIds.push(sighting.identity.userId);
        if (hasNewGroups) change.groupsChanged = true;
        if (hasLeft) change.mayShutOut = true;
      }
      if (isAny(change)) await repositories.meta.bumpConfigVersion({ part: "users", ...change });
      return change;
    });
    written();
    if (isAny(change)) await this.#publish(change);
  }

  async #publish(change: PeopleChange): Promise<void> {
    try {
      await this.#options.onChanged(change);
    } catch (error) {
      this.#options.log.error({ err: error }, "users are in the database, but could not be published to the data plane yet");
    }
  }

  /** After a batch that failed: one row that can't be written must not keep the others out. */
  async #writeOneByOne(storage: Storage, batch: readonly Sighting[]): Promise<void> {
    for (const sighting of batch) {
      for (let tried = 1; tried <= triesOfOne; tried++) {
        try {
          await this.#write(storage, [sighting]);
          break;
        } catch (error) {
          if (error instanceof StorageUnavailable) throw error;
          if (tried < triesOfOne) continue;
          const { userId: user_id, source } = sighting.identity;
          this.#options.log.error({ err: error, user_id, source }, "a user that was seen could not be written");
          this.#written.remember([sighting])(); // not again at every sight
        }
      }
    }
  }

  #drop(nowMs: number): void {
    this.#droppedTotal++;
    if (nowMs - this.#dropLoggedAtMs < dropLogEveryMs) return;
    this.#dropLoggedAtMs = nowMs;
    const fields = { waiting: this.#waiting.size, dropped_total: this.#droppedTotal };
    this.#options.log.warn(fields, "more users were seen than could be written; they are written when they are seen again");
  }
}

/** What counts of two sights of a user: the later one, with the groups of the earlier where the later says nothing of them. */
function newer(later: Sighting, earlier: Sighting | undefined): Sighting {
  if (earlier === undefined || later.identity.groups !== null) return later;
  return { ...later, identity: { ...later.identity, groups: earlier.identity.groups } };
}

function isAny({ userIds, groupsChanged }: PeopleChange): boolean {
  return userIds.length > 0 || groupsChanged;
}
