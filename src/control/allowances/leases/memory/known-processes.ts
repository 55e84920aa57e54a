// The processes that share: when each was heard of last, and those that will not come back.
import type { LeaseBatch } from "../lease-authority.ts";
import { type Passing, SweptMap } from "./swept-map.ts";

/** One that is alive says so every second. */
const sharesMs = 5000;
const keptMs = 900_000;
const goneKeptMs = 86_400_000;
/** Of each kind, looked at with a batch. */
const sweptAtOnce = 2;

class KnownProcess implements Passing {
  heardAtMs = 0;
  sequence = 0;
  hasCaughtUp = false;
  isObserver = false;
  /** Has asked for something. */
  hasWorked = false;

  isOver(nowMs: number): boolean {
    return this.heardAtMs <= nowMs - keptMs;
  }
}

class GoneProcess implements Passing {
  readonly atMs: number;
  constructor(atMs: number) {
    this.atMs = atMs;
  }

  isOver(nowMs: number): boolean {
    return this.atMs <= nowMs - goneKeptMs;
  }
}

export class KnownProcesses {
  readonly #processes = new SweptMap<KnownProcess>();
  readonly #gone = new SweptMap<GoneProcess>();

  /** Whether a later batch of this process was there before. */
  isStale({ processId, sequence }: LeaseBatch): boolean {
    const known = this.#processes.get(processId);
    return known !== undefined && sequence <= known.sequence;
  }

  hear(batch: LeaseBatch, nowMs: number): void {
    this.#processes.sweep(sweptAtOnce, nowMs);
    this.#gone.sweep(sweptAtOnce, nowMs);
    let known = this.#processes.get(batch.processId);
    if (known === undefined) {
      known = new KnownProcess();
      this.#processes.set(batch.processId, known);
    }
    known.heardAtMs = nowMs;
    known.sequence = batch.sequence;
    known.isObserver = batch.isObserver;
    if (batch.hasCaughtUp !== null) known.hasCaughtUp = batch.hasCaughtUp;
  }

  /** Whether it had asked for anything before it was heard now; `asks`: now it does. */
  hasWorked(processId: string, asks: boolean): boolean {
    const known = this.#processes.get(processId);
    const hasWorked = known?.hasWorked ?? false;
    if (known !== undefined) known.hasWorked ||= asks;
    return hasWorked;
  }

  /** How many share, at least 1. */
  count(nowMs: number): number {
    let count = 0;
    for (const [id, { heardAtMs, isObserver }] of this.#processes.entries()) {
      if (!isObserver && heardAtMs > nowMs - sharesMs && this.#gone.get(id) === undefined) count++;
    }
    return Math.max(1, count);
  }

  /** Whether it was heard of in the last `withinMs`. */
  isHeard(processId: string, withinMs: number, nowMs: number): boolean {
    const known = this.#processes.get(processId);
    return known !== undefined && known.heardAtMs > nowMs - withinMs;
  }

  forget(processId: string, nowMs: number): void {
    this.#gone.set(processId, new GoneProcess(nowMs));
  }

  /** When it was said to be gone for good; null: it was not. */
  goneAtMs(processId: string): number | null {
    return this.#gone.get(processId)?.atMs ?? null;
  }

  /** Whether the ledger has all that those have spent that were heard of in the last `withinMs`. */
  haveCaughtUp(withinMs: number, nowMs: number): boolean {
    for (const [id, { heardAtMs, hasCaughtUp }] of this.#processes.entries()) {
      if (heardAtMs > nowMs - withinMs && !hasCaughtUp && this.#gone.get(id) === undefined) return false;
    }
    return true;
  }
}
