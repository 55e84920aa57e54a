// This process among those that use the same database: gives signs, holds leases, hears what others say, and tells them what they can't see.
import { hostname } from "node:os";
import type { Clock, Timer } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import type { Topic } from "../../domain/topics.ts";
import { StorageUnavailable } from "../../storage/ports/errors.ts";
import type { Storage } from "../../storage/ports/storage.ts";
import { GatheredWords } from "./gathered-words.ts";
import { probeWork, syncWork } from "./leased-schedule.ts";
import { succeed } from "./predecessor.ts";
import { type ProbeWord, type ReplicaMessage, readMessage } from "./replica-message.ts";
import { type ReplicaFacts, ReplicaRegistry, type SeenReplica } from "./replica-registry.ts";
import { WorkLeases } from "./work-lease.ts";

/** The scheduled work that one replica does at a time. */
export const scheduledWork = [syncWork, probeWork, "manifests", "usage days", "retention"] as const;

export interface ReplicasOptions {
  storage: Storage;
  dataDir: string;
  processId: string;
  version: string;
  startedAtMs: number;
  clock: Clock;
  log: Logger;
  facts(): ReplicaFacts;
  /** The configuration has changed, here or elsewhere, or it may have: words were missed. */
  onConfig(): Promise<unknown>;
  onTopics(topics: readonly Topic[]): void;
  onProbes(results: readonly ProbeWord[]): void;
  /** The rows of manifests say something else than before. */
  onManifests(): Promise<unknown>;
  /** Others have come or gone. */
  onReplicas(): void;
}

const beatEveryMs = 2000;

export class Replicas {
  readonly leases: WorkLeases;
  readonly #options: ReplicasOptions;
  readonly #registry: ReplicaRegistry;
  readonly #topics: GatheredWords<Topic>;
  readonly #probes: GatheredWords<ProbeWord>;
  #subscription: { readonly isListening: boolean; stop(): Promise<void> } | null = null;
  #timer: Timer | null = null;
  #beating: Promise<void> | null = null;
  #hasJoined = false;
  #isStopped = false;
  #known = "";

  constructor(options: ReplicasOptions) {
    this.#options = options;
    const { storage, processId, clock, log } = options;
    // A SQLite file has one process.
    const isAlone = storage.engine === "sqlite";
    this.leases = new WorkLeases({
      leases: isAlone ? null : storage.workLeases,
      holder: processId,
      names: scheduledWork,
      clock,
      log,
    });
    this.#registry = new ReplicaRegistry({
      replicas: isAlone ? null : storage.replicas,
      self: { id: processId, host: hostname(), version: options.version, started_at: options.startedAtMs },
      facts: options.facts,
      nowMs: () => clock.nowMs(),
    });
    const from = processId;
    const sayTopics = (topics: readonly Topic[]) => this.#say({ kind: "topics", from, topics });
    const sayProbes = (results: readonly ProbeWord[]) => this.#say({ kind: "probes", from, results });
    this.#topics = new GatheredWords({ everyMs: 500, wordsMax: 50, say: sayTopics });
    this.#probes = new GatheredWords({ everyMs: 100, wordsMax: 40, say: sayProbes });
  }

  /** After the migrations: takes a place among the replicas, and what scheduled work is free. Throws what storage throws. */
  async join(): Promise<void> {
    const { storage, dataDir, processId } = this.#options;
    if (storage.engine === "sqlite") return;
    if (!this.#hasJoined) {
      const before = await succeed(dataDir, processId);
      if (before !== null) {
        await storage.workLeases.release(before);
        await storage.replicas.delete(before);
      }
      // Told to end while it started: nobody would take back what comes now.
      if (this.#isStopped) return;
      this.#subscription = storage.notifications.subscribe({
        onMessage: (text) => this.#heard(readMessage(text)),
        onListening: () => {
          this.#run(this.#options.onConfig);
          this.#run(this.#options.onManifests);
        },
      });
      this.#hasJoined = true;
    }
    await this.#beat();
    this.#schedule();
  }

  /** Tells the pages that are open at other replicas. */
  shareTopics(topics: readonly Topic[]): void {
    if (this.othersAlive === 0) return;
    for (const topic of topics) this.#topics.add(topic, topic);
  }

  shareProbe(word: ProbeWord): void {
    if (this.othersAlive > 0) this.#probes.add(word[0], word);
  }

  manifestsChanged(): void {
    if (this.othersAlive > 0) this.#say({ kind: "manifests", from: this.#options.processId });
  }

  /** `storage`, where this replica does the work; null elsewhere. */
  storageFor(work: (typeof scheduledWork)[number], storage: () => Storage | null): () => Storage | null {
    return () => (this.leases.holds(work) ? storage() : null);
  }

  get othersAlive(): number {
    return this.#registry.othersAlive;
  }

  /** Usage of others is not in the database yet, or may never come. */
  get othersAreLate(): boolean {
    return this.#registry.othersAreLate;
  }

  get isListening(): boolean {
    return this.#subscription?.isListening ?? false;
  }

  current(): (SeenReplica & { holds: string[] })[] {
    return this.#registry.current().map((replica) => ({ ...replica, holds: this.#holdsOf(replica) }));
  }

  /** Hands the work on and says goodbye; a database that is away finds out by itself. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#topics.stop();
    this.#probes.stop();
    await this.#beating?.catch(() => undefined);
    try {
      await this.leases.stop();
      if (this.#hasJoined) {
        await this.#registry.leave();
        await this.#options.storage.notifications.publish(JSON.stringify({ kind: "leases", from: this.#options.processId }));
      }
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error;
    } finally {
      await this.#subscription?.stop();
    }
  }

  #heldByOthers = new Map<string, string[]>();

  #holdsOf({ id, isSelf }: SeenReplica): string[] {
    return isSelf ? this.leases.held : (this.#heldByOthers.get(id) ?? []);
  }

  #schedule(): void {
    this.#timer?.cancel();
    if (this.#isStopped) return;
    this.#timer = this.#options.clock.after(beatEveryMs, () => {
      this.#beatAgain();
      this.#schedule();
    });
  }

  /** The database may be away: whoever watches it says so. */
  #beatAgain(): void {
    if (this.#isStopped || !this.#hasJoined || this.#beating !== null) return;
    this.#run(() => this.#beat());
  }

  #beat(): Promise<void> {
    this.#beating ??= this.#beatOnce().finally(() => {
      this.#beating = null;
    });
    return this.#beating;
  }

  async #beatOnce(): Promise<void> {
    await this.leases.beat();
    await this.#registry.beat();
    const held = new Map<string, string[]>();
    for (const { name, holder } of await this.#options.storage.workLeases.held())
      held.set(holder, [...(held.get(holder) ?? []), name]);
    this.#heldByOthers = held;
    const known = JSON.stringify(this.current().map(({ id, isGone, holds, allowances }) => [id, isGone, holds, allowances]));
    if (known !== this.#known) this.#options.onReplicas();
    this.#known = known;
  }

  #heard(message: ReplicaMessage | null): void {
    if (message === null || this.#isStopped) return;
    const { onConfig, onTopics, onProbes, onManifests, processId } = this.#options;
    if (message.kind === "config") return this.#run(onConfig);
    if (message.from === processId) return;
    if (message.kind === "topics") onTopics(message.topics);
    else if (message.kind === "probes") onProbes(message.results);
    else if (message.kind === "manifests") this.#run(onManifests);
    else this.#beatAgain();
  }

  #say(message: ReplicaMessage): void {
    if (this.#isStopped) return;
    this.#run(() => this.#options.storage.notifications.publish(JSON.stringify(message)));
  }

  #run(work: () => Promise<unknown>): void {
    work().catch((err: unknown) => {
      if (!(err instanceof StorageUnavailable))
        this.#options.log.error({ err }, "what another replica said could not be followed");
    });
  }
}
