// The waits of one attempt: first byte, silence, total. One timer, moved forward lazily, so that a chunk costs no timer.
import type { Clock, Timer } from "../../core/clock.ts";

export type TimeoutName = "connect" | "first_byte" | "idle" | "total";

export interface AttemptTimeouts {
  firstByteMs: number;
  idleMs: number;
  /** Wall-clock time at which the attempt is over. */
  totalAtMs: number;
}

/** A timer that comes so late says that this process stood still. */
const stallMsMin = 100;
/** For what came meanwhile, and lies unread in the sockets: as long as the process stood still, at most this. */
const graceMsMax = 1000;

export class Deadlines {
  readonly #clock: Clock;
  readonly #timeouts: AttemptTimeouts;
  readonly #owner: { timedOut(name: TimeoutName): void };
  #timer: Timer | null = null;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #phase: "first_byte" | "idle" | null = null;
  #phaseStartedAtMs = 0;
  #isPaused = false;
  /** The timer is set to look again after a stall. */
  #isGrace = false;
  #hasBegun = false;
  /** Silence up to the pause. */
  #silentBeforeMs = 0;

  constructor(clock: Clock, timeouts: AttemptTimeouts, owner: { timedOut(name: TimeoutName): void }) {
    this.#clock = clock;
    this.#timeouts = timeouts;
    this.#owner = owner;
    // No wait ends before this: armed once, the timer outlasts most attempts, and nothing has to be moved.
    const soonestMs = Math.min(timeouts.firstByteMs, timeouts.idleMs);
    this.#wakeBy(Math.min(timeouts.totalAtMs, clock.nowMs() + soonestMs));
  }

  /** The request is on its way: the first byte is awaited from now on. */
  sent(): void {
    // A body that streams through may end after the answer has begun.
    if (this.#hasBegun) return;
    this.#enter("first_byte");
  }

  /** Something meaningful arrived: the silence that counts begins anew. */
  progress(): void {
    this.#hasBegun = true;
    this.#silentBeforeMs = 0;
    if (this.#isPaused) return;
    if (this.#phase === "idle") this.#phaseStartedAtMs = this.#clock.nowMs();
    else this.#enter("idle");
  }

  /** A slow caller holds the answer up: silence is not the endpoint's fault. What there was of it before still counts. */
  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    if (this.#phase === "idle") this.#silentBeforeMs = this.#clock.nowMs() - this.#phaseStartedAtMs;
    this.#phase = null;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#enter("idle", this.#silentBeforeMs);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#wakeAtMs = Number.NEGATIVE_INFINITY;
  }

  #enter(phase: "first_byte" | "idle", spentMs = 0): void {
    this.#phase = phase;
    this.#phaseStartedAtMs = this.#clock.nowMs() - spentMs;
    this.#wakeBy(this.#phaseEndsAtMs());
  }

  #phaseEndsAtMs(): number {
    if (this.#phase === null) return Number.POSITIVE_INFINITY;
    return this.#phaseStartedAtMs + (this.#phase === "first_byte" ? this.#timeouts.firstByteMs : this.#timeouts.idleMs);
  }

  #wakeBy(atMs: number): void {
    if (atMs >= this.#wakeAtMs) return;
    this.#timer?.cancel();
    const nowMs = this.#clock.nowMs();
    // A total that is over before the attempt begins, after a slow upload, is no stall of ours.
    this.#wakeAtMs = Math.max(atMs, nowMs);
    this.#timer = this.#clock.after(Math.min(this.#wakeAtMs - nowMs, 2 ** 31 - 1), () => this.#check());
  }

  #check(): void {
    const nowMs = this.#clock.nowMs();
    const stallMs = nowMs - this.#wakeAtMs;
    this.#timer = null;
    this.#wakeAtMs = Number.POSITIVE_INFINITY;
    // Timers run before sockets are read: all endpoints at once would be blamed for what is nobody's fault but ours.
    this.#isGrace = stallMs >= stallMsMin && !this.#isGrace;
    if (this.#isGrace) return this.#wakeBy(nowMs + Math.min(stallMs, graceMsMax));
    if (nowMs >= this.#timeouts.totalAtMs) return this.#owner.timedOut("total");
    if (this.#phase !== null && nowMs >= this.#phaseEndsAtMs()) return this.#owner.timedOut(this.#phase);
    this.#wakeBy(Math.min(this.#timeouts.totalAtMs, this.#phaseEndsAtMs()));
  }
}
