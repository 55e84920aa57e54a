// The authority over allowances in a single process: what every key, user, group and model has used, by its name.
import {
  type Charge,
  type Demand,
  noStanding,
  type RateLimitName,
  type Refusal,
  type Reservation,
  type Standing,
} from "../../domain/allowance.ts";
import { isLimited } from "../../domain/limits.ts";
import type { AllowanceView, AllowanceViews, WindowView } from "./allowance-views.ts";
import { periodOf } from "./budget-period.ts";
import { Hold, type HoldOwner, MemoryReservation } from "./memory-reservation.ts";
import { type AccountSource, RatedSubject } from "./rated-subject.ts";
import { RecencyList } from "./recency-list.ts";
import type { SlidingWindow } from "./sliding-window.ts";
import { SpendAccount } from "./spend-account.ts";
import { accountName } from "./spend-reader.ts";
import { tighter } from "./standing.ts";

/** Idle subjects of each list that one request may drop: more than it adds on average, so that they don't pile up. */
const droppedPerRequest = 4;
/** When one of the calls under way will end, nobody knows. */
const concurrencyRetryMs = 1000;

/** Stands in for subjects that nothing is known of. */
const untouched = new RatedSubject("");

/** Budgets of which nothing was spent before this process began: for tests, and until something else is said. */
class NewAccounts implements AccountSource {
  readonly #accounts = new Map<string, SpendAccount>();

  of(subject: string, startMs: number): SpendAccount {
    const name = accountName(subject, startMs);
    const account = this.#accounts.get(name) ?? new SpendAccount(subject, startMs, "ledger");
    this.#accounts.set(name, account);
    return account;
  }
}

/**
 * The gateway's AllowanceSource. State is kept by subject and apart from snapshots: a new one disturbs nothing, and a
 * limit that it changes holds for the next request, with what was counted before. A limit of null isn't counted.
 */
export class MemoryAuthority implements HoldOwner, AllowanceViews {
  readonly #subjectsMax: number;
  readonly #accounts: AccountSource;
  readonly #subjects = new Map<string, RatedSubject>();
  /**
   * Those that count minutes, and those that count seconds only: within each, the one used longest ago is idle first,
   * so looking at the two oldest finds an idle subject whenever there is one. One with a budget is in neither, nor is one that was to be
   * dropped while calls of it were under way.
   */
  readonly #byMinute = new RecencyList<RatedSubject>();
  readonly #bySecond = new RecencyList<RatedSubject>();
  #call = 0;

  /** Above `subjectsMax` in use at once, those whose counts would have left first are forgotten; never what calls under way hold, nor budgets. */
  constructor({ subjectsMax = 100_000, accounts = new NewAccounts() }: { subjectsMax?: number; accounts?: AccountSource } = {}) {
    this.#subjectsMax = subjectsMax;
    this.#accounts = accounts;
  }

  /** How many subjects are kept. */
  get size(): number {
    return this.#subjects.size;
  }

  /** What is counted of a subject; undefined: nothing. */
  subject(name: string): RatedSubject | undefined {
    return this.#subjects.get(name);
  }

  /** Takes the call from all of its charges, or from none: then the refusal that lasts longest, of a budget before all others. */
  reserve(demand: Demand, nowMs: number): Reservation | Refusal {
    const refusal = this.#refusal(demand, nowMs);
    if (refusal !== null) return refusal;
    this.#dropIdle(this.#byMinute, nowMs);
    this.#dropIdle(this.#bySecond, nowMs);
    this.#call++;
    const holds: Hold[] = [];
    for (const charge of demand.charges) {
      if (!isLimited(charge.limits)) continue;
      const hold = this.#take(charge, demand, nowMs);
      if (hold !== null) holds.push(hold);
    }
    return new MemoryReservation(this, holds, this.#standing(demand.charges, nowMs));
  }

  views(asked: readonly Charge[], nowMs: number): AllowanceView[] {
    return asked.map((charge) => {
      const { requestsPerSecond, requestsPerMinute, tokensPerMinute, concurrentRequests, budget } = charge.limits;
      const subject = this.#subjects.get(charge.subject) ?? untouched;
      return {
        requestsPerSecond: requestsPerSecond === null ? null : viewOf(subject.second, nowMs),
        requestsPerMinute: requestsPerMinute === null ? null : viewOf(subject.minute, nowMs),
        tokensPerMinute: tokensPerMinute === null ? null : viewOf(subject.tokens, nowMs),
        concurrentRequests: concurrentRequests === null ? null : subject.running,
        budget: budget === null ? null : { ...sumsOf(this.#account(charge, nowMs)), ...periodOf(budget, nowMs) },
      };
    });
  }

  released(subject: RatedSubject, isLater: boolean, nowMs: number): void {
    if (subject.list !== null) {
      if (isLater) this.#list(subject);
    } else if (subject.running === 0 && !subject.hasAccount && this.#subjects.get(subject.name) === subject) {
      // It was to be dropped while this call was under way.
      if (subject.isIdle(nowMs)) this.#subjects.delete(subject.name);
      else this.#list(subject);
    }
  }

  /** Forgets subjects whose budgets are gone; what their windows count is kept until it has left them. */
  sweep(nowMs: number): void {
    for (const subject of this.#subjects.values()) {
      if (subject.list !== null || subject.running > 0 || subject.hasAccount) continue;
      if (subject.isIdle(nowMs)) this.#subjects.delete(subject.name);
      else this.#list(subject);
    }
  }

  /** Counts what was admitted before this process began. */
  restore(charge: Charge, atMs: number, used: { requests: number; tokens: number }): void {
    if (charge.limits.requestsPerMinute === null && charge.limits.tokensPerMinute === null) return;
    const subject = this.#subjects.get(charge.subject) ?? this.#add(charge.subject);
    subject.prepare(charge.limits);
    subject.minute?.take(atMs, used.requests);
    subject.tokens?.take(atMs, used.tokens);
    if (!subject.hasAccount) this.#list(subject);
  }

  #refusal(demand: Demand, nowMs: number): Refusal | null {
    let spent: Charge | null = null;
    let spentResetsAtMs = 0;
    let held: Charge | null = null;
    let heldBy: RateLimitName = "requests_per_second";
    let waitMs = 0;
    for (const charge of demand.charges) {
      const { limits } = charge;
      const subject = this.#subjects.get(charge.subject) ?? untouched;
      const { budget } = limits;
      if (budget !== null && demand.costNanoUsd !== 0 && paysHere(charge, demand)) {
        if (demand.costNanoUsd === null) {
          if (budget.unpriced === "deny") return { kind: "unpriced", charge, standing: this.#standing(demand.charges, nowMs) };
        } else {
          const { spentNanoUsd, reservedNanoUsd } = this.#account(charge, nowMs);
          const left = budget.limitNanoUsd - spentNanoUsd - reservedNanoUsd;
          if (left < (demand.isGuess ? 1 : demand.costNanoUsd)) {
            const resetsAtMs = periodOf(budget, nowMs).endMs ?? Number.POSITIVE_INFINITY;
            if (resetsAtMs > spentResetsAtMs) {
              spent = charge;
              spentResetsAtMs = resetsAtMs;
            }
          }
        }
      }
      const secondMs = subject.secondWaitMs(limits, nowMs);
      if (secondMs > waitMs) [held, heldBy, waitMs] = [charge, "requests_per_second", secondMs];
      const minuteMs = subject.minuteWaitMs(limits, nowMs);
      if (minuteMs > 0 && (minuteMs > waitMs || (minuteMs === waitMs && held === charge))) {
        [held, heldBy, waitMs] = [charge, "requests_per_minute", minuteMs];
      }
      const tokensMs = subject.tokensWaitMs(limits, demand, nowMs);
      if (tokensMs > waitMs) [held, heldBy, waitMs] = [charge, "tokens_per_minute", tokensMs];
      const isFull = limits.concurrentRequests !== null && subject.running >= limits.concurrentRequests;
      if (isFull && concurrencyRetryMs > waitMs) [held, heldBy, waitMs] = [charge, "concurrent_requests", concurrencyRetryMs];
    }
    if (spent !== null) return this.#refusedByBudget(spent, demand, nowMs);
    if (held === null) return null;
    const retryAfterMs = waitMs === Number.POSITIVE_INFINITY ? null : waitMs;
    return { kind: "rate", charge: held, limit: heldBy, retryAfterMs, standing: this.#standing(demand.charges, nowMs) };
  }

  #refusedByBudget(charge: Charge, { charges }: Demand, nowMs: number): Refusal {
    const { spentNanoUsd, reservedNanoUsd } = this.#account(charge, nowMs);
    const { budget } = charge.limits;
    const resetsAtMs = budget === null ? null : periodOf(budget, nowMs).endMs;
    return { kind: "budget", charge, spentNanoUsd, reservedNanoUsd, resetsAtMs, standing: this.#standing(charges, nowMs) };
  }

  #account({ subject: name, limits }: Charge, nowMs: number): SpendAccount {
    const { budget } = limits;
    if (budget === null) throw new Error("an account of no budget was asked for");
    const subject = this.#subjects.get(name);
    return subject?.account(budget, this.#accounts, nowMs) ?? this.#accounts.of(name, periodOf(budget, nowMs).startMs);
  }

  /** Null: this call has taken from it already. */
  #take(charge: Charge, demand: Demand, nowMs: number): Hold | null {
    const { limits } = charge;
    const subject = this.#subjects.get(charge.subject) ?? this.#add(charge.subject);
    if (subject.lastCall === this.#call) return null;
    subject.lastCall = this.#call;
    subject.take(limits, nowMs);
    subject.running++;
    const hold = new Hold(subject);
    if (subject.tokens !== null && limits.tokensPerMinute !== null) {
      const left = limits.tokensPerMinute - subject.tokens.total(nowMs);
      hold.tokens = subject.tokens;
      hold.tokensTaken = demand.isGuess ? Math.max(0, Math.min(demand.tokens, left)) : demand.tokens;
      hold.takenAt = subject.tokens.take(nowMs, hold.tokensTaken);
    }
    const { budget } = limits;
    if (budget !== null && paysHere(charge, demand)) {
      const account = subject.account(budget, this.#accounts, nowMs);
      const left = budget.limitNanoUsd - account.spentNanoUsd - account.reservedNanoUsd;
      const wanted = demand.costNanoUsd ?? 0;
      hold.account = account;
      hold.reservedNanoUsd = demand.isGuess ? Math.max(0, Math.min(wanted, left)) : wanted;
      account.reserve(hold.reservedNanoUsd);
    }
    if (subject.hasAccount) this.#unlist(subject);
    else this.#list(subject);
    return hold;
  }

  #standing(charges: readonly Charge[], nowMs: number): Standing {
    let requests = noStanding.requests;
    let tokens = noStanding.tokens;
    for (const { subject: name, limits } of charges) {
      const { requestsPerSecond, requestsPerMinute, tokensPerMinute } = limits;
      if (requestsPerSecond === null && requestsPerMinute === null && tokensPerMinute === null) continue;
      const subject = this.#subjects.get(name) ?? untouched;
      requests = tighter(requests, requestsPerSecond, subject.second, nowMs);
      requests = tighter(requests, requestsPerMinute, subject.minute, nowMs);
      tokens = tighter(tokens, tokensPerMinute, subject.tokens, nowMs);
    }
    return requests === null && tokens === null ? noStanding : { requests, tokens };
  }

  #add(name: string): RatedSubject {
    if (this.#subjects.size >= this.#subjectsMax) this.#dropOne();
    const subject = new RatedSubject(name);
    this.#subjects.set(name, subject);
    return subject;
  }

  /** At the end of the list that it belongs to. */
  #list(subject: RatedSubject): void {
    this.#unlist(subject);
    subject.list = subject.hasMinute ? this.#byMinute : this.#bySecond;
    subject.list.add(subject);
  }

  #unlist(subject: RatedSubject): void {
    subject.list?.remove(subject);
    subject.list = null;
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
    for (;;) {
      const minute = this.#byMinute.oldest;
      const second = this.#bySecond.oldest;
      const first = minute === null || (second !== null && second.emptyAtMs < minute.emptyAtMs) ? second : minute;
      if (first === null) return;
      const { running } = first;
      this.#drop(first);
      if (running === 0) return;
    }
  }

  /** One with calls under way only leaves its list, and goes when they have ended. */
  #drop(subject: RatedSubject): void {
    this.#unlist(subject);
    if (subject.running === 0) this.#subjects.delete(subject.name);
  }
}

/** Of several groups, the budget of the one that pays alone counts. */
function paysHere({ subject }: Charge, { payer }: Demand): boolean {
  return subject === payer || !subject.startsWith("group:");
}

function viewOf(window: SlidingWindow | null, nowMs: number): WindowView {
  return { used: window?.total(nowMs) ?? 0, emptyAtMs: Math.max(nowMs, window?.emptyAtMs ?? 0) };
}

function sumsOf({ spentNanoUsd, reservedNanoUsd }: SpendAccount): { spentNanoUsd: number; reservedNanoUsd: number } {
  return { spentNanoUsd, reservedNanoUsd };
}
