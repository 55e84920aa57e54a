// The talk of one process with the authority: one batch at a time, for calls that wait and with what is to be reported, and what happens when it is away.
import type { Clock, Timer } from "../../../core/clock.ts";
import { DueReports, reportsMax } from "./due-reports.ts";
import type { Hold, Lease, LeaseContext, Need } from "./lease.ts";
import type { CallNeed, LeaseAnswer, LeaseAsk, LeaseAuthority, LeaseGrant } from "./lease-authority.ts";
import { Told } from "./told.ts";
import { type Waiting, type WaitingCall, WaitingCalls } from "./waiting-calls.ts";

export interface ExchangeState {
  status: "ok" | "away";
  sinceMs: number;
  /** Without hosts and credentials. */
  detail: string;
}

export interface LeaseExchangeOptions {
  authority: LeaseAuthority;
  processId: string;
  clock: Clock;
  monotonicMs: () => number;
  /** The longest that a call waits. */
  timeoutMs: number;
  /** Remembered from earlier; at least 1. */
  processes: number;
  hasCaughtUp: () => boolean;
  /** It takes no calls. */
  isObserver: boolean;
  /** The authority is on this machine. */
  isNear: boolean;
  /** All there are. */
  leases: () => Iterable<Lease>;
  onState: (state: ExchangeState, error: Error | null) => void;
  onProcesses: (processes: number) => void;
  /** Before each report. */
  onTick: () => void;
}

interface Sent {
  waiting: Waiting;
  /** Null where the answer says. */
  holds: (Hold | null)[];
  needs: CallNeed[];
}

const tickMs = 250;
const heartbeatMs = 1000;
const retryFirstMs = 100;
const retryMaxMs = 1000;

export class LeaseExchange implements LeaseContext {
  readonly #options: LeaseExchangeOptions;
  readonly monotonicMs: () => number;
  #isAway = true;
  #state: ExchangeState | null = null;
  #processes: number;
  #sequence = 0;
  #acknowledged = 0;
  #acknowledgedSentAt: number | null = null;
  #incarnation = "";
  #isSending = false;
  #isFlushDue = false;
  readonly #calls: WaitingCalls;
  readonly #reports = new DueReports();
  #tick: Timer | null = null;
  #isTickDue = false;
  #heartbeatAt = Number.NEGATIVE_INFINITY;
  #probe: Timer | null = null;
  #failures = 0;
  /** Of getting back to it; null: none is under way. */
  #round: Promise<void> | null = null;
  #isStopped = false;
  #idle: Promise<void> = Promise.resolve();

  constructor(options: LeaseExchangeOptions) {
    this.#options = options;
    this.monotonicMs = options.monotonicMs;
    const { clock, monotonicMs, timeoutMs } = options;
    this.#calls = new WaitingCalls({ clock, monotonicMs, timeoutMs, onWaiting: () => this.#flushSoon() });
    this.#processes = Math.max(1, options.processes);
  }

  get isAway(): boolean {
    return this.#isAway;
  }

  get processes(): number {
    return this.#processes;
  }

  get state(): ExchangeState {
    return this.#state ?? { status: "away", sinceMs: this.#options.clock.nowMs(), detail: "it was not reached yet" };
  }

  /** Whether nothing is under way: for tests. */
  get isIdle(): boolean {
    return !this.#isSending && this.#calls.size === 0 && !this.#isFlushDue;
  }

  /** Meets the authority, and keeps in touch. Settles when that has succeeded or failed. */
  async start(): Promise<void> {
    this.#tickIn();
    await this.meet();
  }

  /** Tries at once: what there is to reach it by has just come up. Settles when that has succeeded or failed. */
  async meet(): Promise<void> {
    // One that is under way may have begun before that.
    await this.#round;
    this.#probe?.cancel();
    await this.#tryAgain();
  }

  /** Gives everything back that is not in use. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#tick?.cancel();
    this.#probe?.cancel();
    this.#calls.stop();
    await this.#idle;
    if (!this.#isAway) await this.#report();
  }

  get isNear(): boolean {
    return this.#options.isNear;
  }

  isDirty(lease: Lease): void {
    this.#reports.add(lease);
  }

  tellSoon(lease: Lease): void {
    if (this.#isAway || this.#isStopped) return this.#reports.add(lease);
    this.#reports.addUrgent(lease);
    this.#flushSoon();
  }

  submit(call: WaitingCall): void {
    this.#calls.add(call);
  }

  /** Sends what these have to say; null: the authority is away. `change` may add to what they ask. */
  async tell(
    leases: readonly Lease[],
    change: (ask: LeaseAsk) => LeaseAsk = (ask) => ask,
  ): Promise<(LeaseAnswer & { kind: "done" }) | null> {
    while (this.#isSending) await this.#idle;
    if (this.#isAway || this.#isStopped) return null;
    const told = new Told();
    for (const lease of leases) told.add(lease, false, change);
    return await this.#send(told, [], this.#options.timeoutMs);
  }

  /** Only looks: `asks` change nothing. Null: the authority is away. */
  async look(asks: LeaseAsk[]): Promise<LeaseGrant[] | null> {
    while (this.#isSending) await this.#idle;
    if (this.#isAway) return null;
    const answer = await this.#send(new Told(asks), [], this.#options.timeoutMs);
    return answer === null ? null : [...answer.grants];
  }

  /** Calls of one turn of the event loop go together. */
  #flushSoon(): void {
    if (this.#isFlushDue || this.#isSending) return;
    this.#isFlushDue = true;
    setImmediate(() => {
      this.#isFlushDue = false;
      void this.#flush();
    });
  }

  async #flush(): Promise<void> {
    if (this.#isSending) return;
    if (this.#isAway) {
      this.#reports.calm();
      this.#calls.giveUp();
      return;
    }
    const asked = new Map<Lease, number>();
    const sent: Sent[] = [];
    for (const each of this.#calls.take()) this.#prepare(each, asked, sent);
    const told = new Told();
    for (const lease of asked.keys()) told.add(lease, true);
    this.#reports.tellUrgent(told);
    if (this.#isTickDue) this.#reports.tell(told);
    const isHeartbeat = this.#isTickDue && this.#isHeartbeatDue();
    this.#isTickDue = false;
    if (told.asks.length === 0 && !isHeartbeat) return;
    await this.#send(told, sent, this.#options.timeoutMs);
  }

  /** Takes what is here, and lists what has to be asked for. */
  #prepare(waiting: Waiting, asked: Map<Lease, number>, sent: Sent[]): void {
    const holds: (Hold | null)[] = [];
    const needs: CallNeed[] = [];
    for (const need of waiting.call.needs) {
      const { lease, amount, isGuess } = need;
      if (!lease.isAskable) {
        const hold = lease.takeShare(amount, isGuess);
        if (hold === null) {
          for (const taken of holds) taken?.undo();
          this.#calls.decide(waiting, () => waiting.call.refused([{ need, waitMs: lease.shareWaitMs(amount, isGuess) }]));
          return;
        }
        holds.push(hold);
        continue;
      }
      const hold = asked.has(lease) ? null : lease.takeHere(amount, isGuess);
      holds.push(hold);
      if (hold !== null) continue;
      let index = asked.get(lease);
      if (index === undefined) {
        index = asked.size;
        asked.set(lease, index);
      }
      needs.push({ ask: index, amount, isGuess });
    }
    if (needs.length === 0) this.#calls.decide(waiting, () => waiting.call.admitted(holds as Hold[]));
    else sent.push({ waiting, holds, needs });
  }

  /** Then a batch is sent even if there is nothing to say. */
  #isHeartbeatDue(): boolean {
    return this.monotonicMs() - this.#heartbeatAt >= heartbeatMs || this.#heartbeatAt > this.monotonicMs();
  }

  async #send(
    told: Told,
    sent: readonly Sent[],
    deadlineMs: number,
    wasAway = false,
  ): Promise<(LeaseAnswer & { kind: "done" }) | null> {
    this.#isSending = true;
    let finished = () => {};
    this.#idle = new Promise((resolve) => {
      finished = resolve;
    });
    const sequence = ++this.#sequence;
    const nowMs = this.monotonicMs();
    const isHeartbeat = nowMs - this.#heartbeatAt >= heartbeatMs;
    if (isHeartbeat) this.#heartbeatAt = nowMs;
    try {
      const answer = await this.#options.authority.refill({
        processId: this.#options.processId,
        sequence,
        acknowledged: this.#acknowledged,
        elapsedMs: this.#acknowledgedSentAt === null ? null : nowMs - this.#acknowledgedSentAt,
        incarnation: this.#incarnation,
        processes: this.#processes,
        hasCaughtUp: isHeartbeat ? this.#options.hasCaughtUp() : null,
        deadlineMs,
        wasAway,
        isObserver: this.#options.isObserver,
        asks: told.asks,
        calls: sent.map(({ needs }) => needs),
      });
      if (answer.kind === "stale") throw new Error("a later batch was there before");
      this.#acknowledged = sequence;
      this.#acknowledgedSentAt = nowMs;
      this.#setProcesses(answer.processes);
      if (answer.kind === "done") {
        this.#settle(told, sent, answer);
        return answer;
      }
      this.#unanswered(told, sent);
      this.#incarnation = answer.incarnation;
      for (const lease of this.#options.leases()) lease.forgotten();
      this.#goAway(null);
      return null;
    } catch (error) {
      this.#unanswered(told, sent);
      this.#goAway(error instanceof Error ? error : new Error(String(error)));
      return null;
    } finally {
      this.#isSending = false;
      finished();
      if (this.#calls.size > 0 || this.#isTickDue || this.#reports.hasUrgent) this.#flushSoon();
    }
  }

  #settle(told: Told, sent: readonly Sent[], answer: LeaseAnswer & { kind: "done" }): void {
    told.answered(answer.grants);
    for (const [index, { waiting, holds, needs }] of sent.entries()) {
      const { call, isDecided } = waiting;
      const result = answer.calls[index];
      if (result === undefined) throw new Error("an answer to fewer calls than were asked about");
      if (!result.granted) {
        for (const hold of holds) hold?.undo();
        const by = result.refusals.map(({ ask, waitMs }) => {
          const need = call.needs.find(({ lease }) => told.placeOf(lease) === ask) as Need;
          need.lease.refused(need.isGuess ? 1 : need.amount, waitMs);
          return { need, waitMs };
        });
        if (isDecided || (this.#isWorthAsking(by) && this.#calls.askAgain(waiting))) continue;
        this.#calls.decide(waiting, () => call.refused(by));
        continue;
      }
      let next = 0;
      for (const [place, hold] of holds.entries()) {
        const { lease } = call.needs[place] as Need;
        if (hold !== null) {
          if (isDecided) hold.undo();
          continue;
        }
        const amount = result.amounts[next] as number;
        const grant = answer.grants[(needs[next] as CallNeed).ask] as LeaseGrant;
        next++;
        if (isDecided) lease.unused(amount, grant);
        // One that the authority has no account for any more was not granted: this process's share has to do.
        else
          holds[place] =
            grant.kind === "budget" && !grant.isKnown ? lease.takeShare(amount, false) : lease.takeGranted(amount, grant);
      }
      if (isDecided) continue;
      if (holds.every((hold) => hold !== null)) {
        this.#calls.decide(waiting, () => call.admitted(holds as Hold[]));
      } else {
        for (const hold of holds) hold?.undo();
        this.#calls.decide(waiting, () => call.unanswered());
      }
    }
  }

  /**
   * A caller who has seen the end of one call may send the next one to another process, and it may come here before the word of that end
   * has: a concurrent call too many is asked about a few times before it is refused, where asking is cheap.
   */
  #isWorthAsking(by: readonly { need: Need }[]): boolean {
    return this.isNear && by.every(({ need }) => need.limit === "concurrent_requests");
  }

  #unanswered(told: Told, sent: readonly Sent[]): void {
    told.unanswered();
    for (const { waiting, holds } of sent) {
      for (const hold of holds) hold?.undo();
      if (!waiting.isDecided) this.#calls.decide(waiting, () => waiting.call.unanswered());
    }
  }

  /** From now on, calls are decided here; `error` null: it is there, but has to be told everything again. */
  #goAway(error: Error | null): void {
    this.#isAway = true;
    this.#calls.giveUp();
    if (error !== null) {
      this.#failures++;
      // One answer that comes late is no outage.
      if (this.#failures >= 2) this.#setState("away", "it does not answer in time", error);
    }
    if (this.#isStopped) return;
    if (error === null) {
      queueMicrotask(() => void this.#tryAgain());
      return;
    }
    const delayMs = Math.min(retryFirstMs * 2 ** Math.max(0, this.#failures - 1), retryMaxMs);
    this.#probe?.cancel();
    this.#probe = this.#options.clock.after(delayMs, () => void this.#tryAgain());
  }

  /** One round at a time: two at once would tell it twice that this process was away, and hold all to their shares again. */
  #tryAgain(): Promise<void> {
    this.#round ??= this.#getBack().finally(() => {
      this.#round = null;
    });
    return this.#round;
  }

  async #getBack(): Promise<void> {
    while (this.#isSending) await this.#idle;
    let before: number;
    do {
      if (this.#isStopped || !this.#isAway) return;
      before = this.#failures;
      await this.#tellAll();
      // The first answer of one that has not met this process, or has forgotten it, says only that.
    } while (this.#failures === before);
  }

  /** Tells it all that counts; only then it is asked again. */
  async #tellAll(): Promise<void> {
    this.#heartbeatAt = Number.NEGATIVE_INFINITY;
    const deadlineMs = this.#options.timeoutMs;
    const wasAway = this.#failures >= 2;
    if ((await this.#send(new Told(), [], deadlineMs, wasAway)) === null) return;
    const left = [...this.#options.leases()].filter((lease) => lease.isAskable && (lease.needsReport() || lease.isWatched));
    while (left.length > 0) {
      const told = new Told();
      for (const lease of left.splice(0, reportsMax)) told.add(lease, false);
      if ((await this.#send(told, [], deadlineMs)) === null) return;
    }
    this.#failures = 0;
    this.#isAway = false;
    this.#setState("ok", "", null);
  }

  async #report(): Promise<void> {
    const told = new Told();
    this.#reports.tellLast(told);
    await this.#send(told, [], Math.max(this.#options.timeoutMs, 200));
  }

  #setState(status: "ok" | "away", detail: string, error: Error | null): void {
    if (this.#state?.status === status) return;
    this.#state = { status, sinceMs: this.#options.clock.nowMs(), detail };
    this.#options.onState(this.#state, error);
  }

  #setProcesses(processes: number): void {
    if (processes === this.#processes) return;
    this.#processes = processes;
    this.#options.onProcesses(processes);
  }

  #tickIn(): void {
    if (this.#isStopped) return;
    this.#tick = this.#options.clock.after(tickMs, () => {
      this.#tickIn();
      this.#options.onTick();
      if (this.#isAway) return;
      this.#isTickDue = true;
      this.#flushSoon();
    });
  }
}
