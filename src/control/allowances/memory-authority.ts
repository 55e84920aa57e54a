// The authority over request rates in a single process: what every key, user, group and model has used, by its name.
import type { RateCharge, RateRefusal } from "../../domain/allowance.ts";
import { isLimited } from "../../domain/limits.ts";
import { RatedSubject } from "./rated-subject.ts";
import { RecencyList } from "./recency-list.ts";

/** Idle subjects of each list that one request may drop: more than it adds on average, so that they don't pile up. */
const droppedPerRequest = 4;

/**
 * The gateway's AllowanceSource. State is kept by subject and apart from snapshots: a new one disturbs nothing, and a
 * limit that it changes holds for the next request, with what was counted before. A limit of null isn't counted.
 */
export class MemoryAuthority {
  readonly #subjectsMax: number;
  readonly #subjects = new Map<string, RatedSubject>();
  /**
   * Those that count minutes, and those that count seconds only: within each, the one used longest ago is idle first,
   * so looking at the two oldest finds an idle subject whenever there is one.
   */
  readonly #byMinute = new RecencyList<RatedSubject>();
  readonly #bySecond = new RecencyList<RatedSubject>();
  #call = 0;

  /** Above `subjectsMax` in use at once, those whose counts would have left first are forgotten. */
  constructor({ subjectsMax = 100_000 }: { subjectsMax?: number } = {}) {
    this.#subjectsMax = subjectsMax;
  }

  /** How many subjects are kept. */
  get size(): number {
    return this.#subjects.size;
  }

  /** Takes one request from all of them, or from none: then the refusal that lasts longest. */
  takeRequest(charges: readonly RateCharge[], nowMs: number): RateRefusal | null {
    const refusal = this.#longestRefusal(charges, nowMs);
    if (refusal !== null) return refusal;
    this.#dropIdle(this.#byMinute, nowMs);
    this.#dropIdle(this.#bySecond, nowMs);
    this.#call++;
    for (const charge of charges) {
      if (isLimited(charge.limits)) this.#take(charge, nowMs);
    }
    return null;
  }

  #longestRefusal(charges: readonly RateCharge[], nowMs: number): RateRefusal | null {
    let longest: RateRefusal | null = null;
    let retryAfterMs = 0;
    for (const charge of charges) {
      const subject = this.#subjects.get(charge.subject);
      if (subject === undefined) continue;
      const secondMs = subject.secondWaitMs(charge.limits, nowMs);
      const minuteMs = subject.minuteWaitMs(charge.limits, nowMs);
      const waitMs = Math.max(secondMs, minuteMs);
      if (waitMs <= retryAfterMs) continue;
      retryAfterMs = waitMs;
      longest = { charge, limit: minuteMs >= secondMs ? "requests_per_minute" : "requests_per_second", retryAfterMs };
    }
    return longest;
  }

  #take(charge: RateCharge, nowMs: number): void {
    const subject = this.#subjects.get(charge.subject) ?? this.#add(charge.subject);
    if (subject.lastCall === this.#call) return;
    subject.lastCall = this.#call;
    subject.take(charge.limits, nowMs);
    subject.list?.remove(subject);
    subject.list = subject.hasMinute ? this.#byMinute : this.#bySecond;
    subject.list.add(subject);
  }

  #add(name: string): RatedSubject {
    if (this.#subjects.size >= this.#subjectsMax) this.#dropOne();
    const subject = new RatedSubject(name);
    this.#subjects.set(name, subject);
    return subject;
  }

  #dropIdle(list: RecencyList<RatedSubject>, nowMs: number): void {
    for (let dropped = 0; dropped < droppedPerRequest; dropped++) {
      const { oldest } = list;
      if (!oldest?.isIdle(nowMs)) return;
      this.#drop(oldest);
    }
  }

  /** An idle one if there is one: what it counted has left before what any other counts will. */
  #dropOne(): void {
    const minute = this.#byMinute.oldest;
    const second = this.#bySecond.oldest;
    const first = minute === null || (second !== null && second.emptyAtMs < minute.emptyAtMs) ? second : minute;
    if (first !== null) this.#drop(first);
  }

  #drop(subject: RatedSubject): void {
    subject.list?.remove(subject);
    subject.list = null;
    this.#subjects.delete(subject.name);
  }
}
