// Who else uses this database: every process gives a sign in a row of its own, and reads those of the others.
import type { ReplicaRepository, ReplicaRow } from "../../storage/ports/replicas.ts";

export type ReplicaFacts = Pick<ReplicaRow, "config_version" | "spool_backlog_bytes"> & { allowances: "ok" | "degraded" };

export interface SeenReplica extends Omit<ReplicaRow, "seen_at"> {
  seenAtMs: number;
  isSelf: boolean;
  /** It gave no sign for so long that nobody counts on it. */
  isGone: boolean;
}

export interface ReplicaRegistryOptions {
  /** Null: nobody else can be there. */
  replicas: ReplicaRepository | null;
  self: Pick<ReplicaRow, "id" | "host" | "version" | "started_at">;
  facts(): ReplicaFacts;
  nowMs(): number;
}

export const goneAfterMs = 10_000;
const forgottenAfterMs = 24 * 3_600_000;
/** Records of one that was lost so lately may come yet: it may be on its way back. */
const lostLatelyMs = 5 * 60_000;

export class ReplicaRegistry {
  readonly #options: ReplicaRegistryOptions;
  #others: readonly (ReplicaRow & { seenAgoMs: number })[] = [];
  #readAtMs = 0;

  constructor(options: ReplicaRegistryOptions) {
    this.#options = options;
  }

  /** Gives a sign and reads those of others; throws what storage throws. */
  async beat(): Promise<void> {
    const { replicas, self, facts, nowMs } = this.#options;
    if (replicas === null) return;
    await replicas.beat({ ...self, ...facts() });
    await replicas.deleteUnseen(forgottenAfterMs);
    const rows = await replicas.all();
    this.#others = rows.filter(({ id }) => id !== self.id);
    this.#readAtMs = nowMs();
  }

  /** This one and all that gave a sign within a day, by start; as of the last look, so that it works without the database. */
  current(): SeenReplica[] {
    const { self, facts, nowMs } = this.#options;
    const own: SeenReplica = { ...self, ...facts(), seenAtMs: nowMs(), isSelf: true, isGone: false };
    const others = this.#others.map(({ seenAgoMs, seen_at: _, ...row }): SeenReplica => {
      return { ...row, seenAtMs: this.#readAtMs - seenAgoMs, isSelf: false, isGone: this.#agoMs(seenAgoMs) > goneAfterMs };
    });
    return [...others, own].sort((a, b) => a.started_at - b.started_at || (a.id < b.id ? -1 : 1));
  }

  /** How many others are alive. */
  get othersAlive(): number {
    return this.#others.filter(({ seenAgoMs }) => seenAgoMs <= goneAfterMs).length;
  }

  /** One has usage that the database did not take yet, or did not say goodbye, within the last minutes, and may have some. */
  get othersAreLate(): boolean {
    return this.#others.some(({ seenAgoMs, spool_backlog_bytes }) => {
      return (spool_backlog_bytes > 0 || seenAgoMs > goneAfterMs) && this.#agoMs(seenAgoMs) <= lostLatelyMs;
    });
  }

  /** Takes the row away. */
  async leave(): Promise<void> {
    await this.#options.replicas?.delete(this.#options.self.id);
  }

  #agoMs(seenAgoMs: number): number {
    return seenAgoMs + Math.max(0, this.#options.nowMs() - this.#readAtMs);
  }
}
