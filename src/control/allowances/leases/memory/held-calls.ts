// The calls under way of one subject, by the process that has them, with what each was granted for its next ones.
import type { ConcurrencyAsk, ConcurrencyGrant } from "../lease-authority.ts";
import type { Passing } from "./swept-map.ts";
import { isEarly, type Moment, type Turn } from "./turn.ts";

/** What a process holds that was not heard of for so long is free. */
const holdsMs = 10_000;
/** Those that have any say so every second. */
const keptMs = 60_000;
/** When one of the calls under way will end, nobody knows. */
const retryMs = 1000;

export class HeldCalls implements Passing {
  readonly #byProcess = new Map<string, number>();
  #touchedAtMs = 0;

  /** Of all processes but this one, null: of all; those that are gone are dropped. */
  held({ known, nowMs }: Moment, but: string | null): number {
    let held = 0;
    for (const [id, calls] of this.#byProcess) {
      if (id === but) continue;
      if (known.isHeard(id, holdsMs, nowMs) && known.goneAtMs(id) === null) held += calls;
      else this.#byProcess.delete(id);
    }
    return held;
  }

  set(processId: string, calls: number, nowMs: number): void {
    if (calls > 0) this.#byProcess.set(processId, calls);
    else this.#byProcess.delete(processId);
    this.#touchedAtMs = nowMs;
  }

  isOver(nowMs: number): boolean {
    return this.#byProcess.size === 0 || this.#touchedAtMs <= nowMs - keptMs;
  }
}

/** One batch's ask for calls at the same time. */
export class ConcurrencyTurn implements Turn {
  readonly #ask: ConcurrencyAsk;
  readonly #calls: HeldCalls;
  readonly #moment: Moment;
  readonly #others: number;
  #own: number;

  constructor(ask: ConcurrencyAsk, calls: HeldCalls, moment: Moment) {
    this.#ask = ask;
    this.#calls = calls;
    this.#moment = moment;
    this.#others = calls.held(moment, ask.isLook ? null : moment.batch.processId);
    this.#own = ask.isLook ? 0 : ask.used;
  }

  get want(): number {
    return this.#ask.want;
  }

  left(): number {
    const { limit } = this.#ask;
    const left = limit - this.#others - this.#own;
    return isEarly(this.#moment) ? Math.min(left, Math.floor(limit / this.#moment.processes) - this.#own) : left;
  }

  take(amount: number): void {
    this.#own += amount;
  }

  waitMs(): number {
    return retryMs;
  }

  close(slice: number): ConcurrencyGrant {
    this.#own += slice;
    if (!this.#ask.isLook) this.#calls.set(this.#moment.batch.processId, this.#own, this.#moment.nowMs);
    return { kind: "concurrency", slice, total: this.#others + this.#own };
  }
}
