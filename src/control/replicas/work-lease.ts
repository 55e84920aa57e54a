// Scheduled work that one replica does at a time: whoever holds its lease in the database, renewed while the holder lives.
import type { Clock, Timer } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import type { WorkLeaseRepository } from "../../storage/ports/replicas.ts";

export interface Work {
  /** This replica does it from now on. */
  start(): void | Promise<void>;
  /** Another one does: nothing of it goes on once this has resolved. */
  stop(): void | Promise<void>;
  /** Every replica does it for itself while the database is away, which could not tell the others of it anyway. */
  alsoWhenAway?: boolean;
}

export interface WorkLeasesOptions {
  /** Null: this process is the only one there can be, and does everything. */
  leases: WorkLeaseRepository | null;
  /** Id of this process. */
  holder: string;
  names: readonly string[];
  clock: Clock;
  log: Logger;
  /** For how long a lease that is not renewed keeps others out. */
  ttlMs?: number;
}

interface Registered extends Work {
  isReady: boolean;
  isRunning: boolean;
  /** Starts and stops follow one another. */
  last: Promise<void>;
}

export class WorkLeases {
  readonly #options: WorkLeasesOptions;
  readonly #ttlMs: number;
  readonly #works = new Map<string, Registered>();
  #held: ReadonlySet<string>;
  /** By performance.now(). */
  #heldUntil = Number.POSITIVE_INFINITY;
  /** Whether the database has said lately who does what. */
  #isKnown: boolean;
  #expiry: Timer | null = null;
  #isStopped = false;
  #hasAsked = false;

  constructor(options: WorkLeasesOptions) {
    this.#options = options;
    this.#ttlMs = options.ttlMs ?? 9000;
    this.#isKnown = options.leases === null;
    this.#held = new Set(options.leases === null ? options.names : []);
  }

  /** Whether this replica does the work. False at once when its time is over, also where the process stood still and no timer has said so yet. */
  holds(name: string): boolean {
    return this.#held.has(name) && performance.now() < this.#heldUntil;
  }

  /** The names of what it does, in order. */
  get held(): string[] {
    return [...this.#held].sort();
  }

  /** Has `work` started and stopped with the lease `name`, from `begin(name)` on. */
  register(name: string, work: Work): void {
    this.#works.set(name, { ...work, isReady: false, isRunning: false, last: Promise.resolve() });
  }

  /** The work may start as soon as the lease is held, which may be now. */
  begin(name: string): void {
    const work = this.#works.get(name);
    if (work === undefined || work.isReady) return;
    work.isReady = true;
    this.#follow(name, work);
  }

  /** Takes what is free and renews what is held. To be called several times in `ttlMs`; throws what storage throws. */
  async beat(): Promise<void> {
    const { leases, names, holder } = this.#options;
    if (leases === null || this.#isStopped) return;
    // Counted from before the question: the database can't have begun to count later.
    const askedAt = performance.now();
    this.#hasAsked = true;
    const held = new Set(await leases.acquire(names, holder, this.#ttlMs));
    // Stopped while it asked, or the answer took so long that the lease may be somebody else's again.
    // A third of the time is left for what is under way to end.
    const heldUntil = askedAt + (this.#ttlMs * 2) / 3;
    const leftMs = heldUntil - performance.now();
    if (this.#isStopped || leftMs <= 0) return;
    this.#expiry?.cancel();
    this.#heldUntil = heldUntil;
    this.#expiry = this.#options.clock.after(leftMs, () => this.#set(new Set(), false));
    this.#set(held, true);
  }

  /** Ends all work and lets go of the leases, so that others take them at once. */
  async stop(): Promise<void> {
    const { leases, holder } = this.#options;
    this.#isStopped = true;
    this.#expiry?.cancel();
    this.#held = new Set();
    for (const [name, work] of this.#works) this.#follow(name, work);
    await Promise.all([...this.#works.values()].map(({ last }) => last));
    // A start that failed before has nothing to let go of, and perhaps no tables.
    if (this.#hasAsked) await leases?.release(holder);
  }

  #set(held: ReadonlySet<string>, isKnown: boolean): void {
    for (const name of this.#held)
      if (!held.has(name)) this.#options.log.warn({ work: name }, "scheduled work goes to another replica");
    for (const name of held) if (!this.#held.has(name)) this.#options.log.info({ work: name }, "scheduled work is done here");
    this.#held = held;
    this.#isKnown = isKnown;
    for (const [name, work] of this.#works) this.#follow(name, work);
  }

  #follow(name: string, work: Registered): void {
    const isWanted = !this.#isStopped && work.isReady && (this.#held.has(name) || (work.alsoWhenAway === true && !this.#isKnown));
    if (isWanted === work.isRunning) return;
    work.isRunning = isWanted;
    work.last = work.last
      .then(() => (isWanted ? work.start() : work.stop()))
      .catch((err: unknown) => {
        this.#options.log.error({ err, work: name }, "scheduled work could not be taken over or handed on");
        // Tried again with the next beat.
        if (isWanted) work.isRunning = false;
      });
  }
}
