// Tells open pages that something has changed, and never what: each asks again, as itself, for what it shows.
import { setImmediate } from "node:timers/promises";
import type { Clock, Timer } from "../../core/clock.ts";
import { HeadgateError } from "../../core/errors.ts";
import type { Topic } from "../../domain/topics.ts";

/** One open stream. */
export interface Subscriber {
  /** Whose it is: there is a bound for each. */
  owner: string;
  topics: ReadonlySet<Topic>;
  /** False while what was sent before is still here: whoever does not read is sent nothing, and dropped in the end. */
  isIdle(): boolean;
  send(topics: readonly Topic[]): void;
  /** Something that means nothing, so that proxies see the stream alive. */
  beat(): void;
  /** Whether it is still for the same person, in the same role. A rejection counts as no. */
  isStillAllowed(): Promise<boolean>;
  /** `cut`: it does not read, so no farewell would arrive. */
  end(how: "end" | "cut"): void;
}

export interface EventHubOptions {
  clock: Clock;
  subscribersMax?: number;
  perOwnerMax?: number;
  /** Brings topics to those whose pages are open elsewhere. */
  tellOthers?: (topics: readonly Topic[]) => void;
}

/** Between two events of a subscriber. */
const everyMs = 500;
/** Before the first: what belongs to one change comes at nearly the same time. */
const gatherMs = 50;
const beatEveryMs = 15_000;
const busyMaxMs = 5000;
/** No answer to the question whether somebody is still allowed in is a no. */
const checkTimeoutMs = 10_000;
/** Asked about at once: SQLite answers on this thread, and calls get their turn in between. */
const checkedTogether = 20;
/** They may say that somebody is no longer who they were. */
const standing: readonly Topic[] = ["sessions", "users", "keys"];

interface Open {
  subscriber: Subscriber;
  pending: Set<Topic>;
  timer: Timer | null;
  sentAtMs: number;
  /** Since it was first found not to read; null: it does. */
  busySinceMs: number | null;
}

export class EventHub {
  readonly #clock: Clock;
  readonly #subscribersMax: number;
  readonly #perOwnerMax: number;
  readonly #tellOthers: (topics: readonly Topic[]) => void;
  readonly #open = new Set<Open>();
  #beat: Timer | null = null;
  #isClosed = false;
  #isChecking = false;
  #checkAgain = false;

  constructor({ clock, subscribersMax = 500, perOwnerMax = 10, tellOthers = () => {} }: EventHubOptions) {
    this.#tellOthers = tellOthers;
    this.#clock = clock;
    this.#subscribersMax = subscribersMax;
    this.#perOwnerMax = perOwnerMax;
  }

  /** Whether somebody would be told of `topic`: what takes looking for changes need not look otherwise. */
  hasListeners(topic: Topic): boolean {
    for (const { subscriber } of this.#open) if (subscriber.topics.has(topic)) return true;
    return false;
  }

  /** Something has changed that concerns all replicas. Cheap, at any rate of calls: a subscriber gets one event each 500 ms at most. */
  publish(...topics: readonly Topic[]): void {
    this.publishHere(...topics);
    this.#tellOthers(topics);
  }

  /** The same, of what other replicas notice by themselves or have told, or what is this one's alone. */
  publishHere(...topics: readonly Topic[]): void {
    if (this.#open.size === 0) return;
    for (const open of this.#open) {
      for (const topic of topics) if (open.subscriber.topics.has(topic)) open.pending.add(topic);
      if (open.pending.size > 0 && open.timer === null) this.#arm(open);
    }
    if (topics.some((topic) => standing.includes(topic))) void this.#check();
  }

  /**
   * Has `subscriber` told from now on, until it is ended or the returned function is called. Throws HeadgateError `too_many_streams`, or
   * `draining` after `close`.
   */
  subscribe(subscriber: Subscriber): () => void {
    if (this.#isClosed) throw new HeadgateError("draining", { retryAfterSeconds: 1 });
    let ofOwner = 0;
    for (const { subscriber: other } of this.#open) if (other.owner === subscriber.owner) ofOwner++;
    if (ofOwner >= this.#perOwnerMax || this.#open.size >= this.#subscribersMax) {
      throw new HeadgateError("too_many_streams", { retryAfterSeconds: 10 });
    }
    const open: Open = { subscriber, pending: new Set(), timer: null, sentAtMs: Number.NEGATIVE_INFINITY, busySinceMs: null };
    this.#open.add(open);
    this.#beat ??= this.#clock.after(beatEveryMs, () => this.#everyBeat());
    return () => this.#forget(open);
  }

  /** Ends all streams, with what there is to tell yet, and refuses new ones. */
  close(): void {
    this.#isClosed = true;
    for (const open of this.#open) {
      if (open.pending.size > 0 && open.subscriber.isIdle()) open.subscriber.send([...open.pending]);
      this.#end(open, "end");
    }
  }

  #arm(open: Open): void {
    const waitMs = Math.max(gatherMs, open.sentAtMs + everyMs - this.#clock.nowMs());
    // A clock that was put back makes nobody wait.
    open.timer = this.#clock.after(Math.min(waitMs, everyMs), () => this.#flush(open));
  }

  #flush(open: Open): void {
    open.timer = null;
    if (!this.#open.has(open)) return;
    open.sentAtMs = this.#clock.nowMs();
    if (this.#isReading(open)) {
      const topics = [...open.pending];
      open.pending.clear();
      open.subscriber.send(topics);
    } else if (this.#open.has(open)) {
      // The names wait, once each; no event does.
      this.#arm(open);
    }
  }

  /** Drops it when it has not read for too long. */
  #isReading(open: Open): boolean {
    if (open.subscriber.isIdle()) {
      open.busySinceMs = null;
      return true;
    }
    const nowMs = this.#clock.nowMs();
    open.busySinceMs ??= nowMs;
    if (nowMs - open.busySinceMs >= busyMaxMs) this.#end(open, "cut");
    return false;
  }

  #everyBeat(): void {
    this.#beat = null;
    for (const open of this.#open) if (this.#isReading(open)) open.subscriber.beat();
    // What another process has changed shows no earlier.
    void this.#check();
    if (this.#open.size > 0) this.#beat = this.#clock.after(beatEveryMs, () => this.#everyBeat());
  }

  /** Ends the streams of those who are not allowed in any more; one round at a time. */
  async #check(): Promise<void> {
    if (this.#isChecking) {
      this.#checkAgain = true;
      return;
    }
    this.#isChecking = true;
    this.#checkAgain = false;
    const checks: Promise<void>[] = [];
    for (const open of [...this.#open]) {
      checks.push(this.#endUnlessAllowed(open));
      if (checks.length % checkedTogether === 0) await setImmediate();
    }
    await Promise.all(checks);
    this.#isChecking = false;
    // People come and go all the time where many sign in: that asks the database twice a second, not each time.
    if (this.#checkAgain) this.#clock.after(everyMs, () => void this.#check());
  }

  async #endUnlessAllowed(open: Open): Promise<void> {
    if (!(await this.#isAllowed(open.subscriber))) this.#end(open, "end");
  }

  #isAllowed(subscriber: Subscriber): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = this.#clock.after(checkTimeoutMs, () => resolve(false));
      const answer = (isAllowed: boolean) => {
        timer.cancel();
        resolve(isAllowed);
      };
      subscriber.isStillAllowed().then(answer, () => answer(false));
    });
  }

  #end(open: Open, how: "end" | "cut"): void {
    if (!this.#open.has(open)) return;
    this.#forget(open);
    open.subscriber.end(how);
  }

  #forget(open: Open): void {
    open.timer?.cancel();
    open.pending.clear();
    this.#open.delete(open);
    if (this.#open.size > 0) return;
    this.#beat?.cancel();
    this.#beat = null;
  }
}
