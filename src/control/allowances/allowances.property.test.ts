// Whatever happens in whatever order: never above a limit, nothing leaks, nothing is negative, and a crash forgets nothing.
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Clock } from "../../core/clock.ts";
import type { Charge, Reservation } from "../../domain/allowance.ts";
import { type Budget, noLimits } from "../../domain/limits.ts";
import { periodOf } from "./budget-period.ts";
import { MemoryAuthority } from "./memory-authority.ts";
import { SpendAccounts } from "./spend-accounts.ts";
import { accountName, type SpendReader } from "./spend-reader.ts";

const minuteMs = 60_000;

/** Shows what it is set to, also earlier than before. */
class SetClock implements Clock {
  #nowMs = Date.UTC(2026, 9, 24, 12);

  nowMs(): number {
    return this.#nowMs;
  }

  after(): { cancel(): void } {
    throw new Error("nothing waits here");
  }

  set(nowMs: number): void {
    this.#nowMs = nowMs;
  }
}

const subjects = ["key:a", "user:b", "group:payer"];

/** A call of the model: what it was admitted with, and what became of it. */
interface Call {
  charges: readonly Charge[];
  atMs: number;
  tokens: number;
  nanoUsd: number;
  reservation: Reservation | null;
}

type Step =
  | { kind: "reserve"; subjects: string[]; tokens: number; nanoUsd: number }
  /** `share`: how much of its estimate a call has used. */
  | { kind: "settle"; index: number; share: number }
  | { kind: "wait"; ms: number }
  | { kind: "limit"; subject: string; requests: number; tokens: number; calls: number; nanoUsd: number }
  | { kind: "reconcile" }
  | { kind: "crash" };

function steps(shareMax: number): fc.Arbitrary<Step[]> {
  const someSubjects = fc.subarray(subjects, { minLength: 1 });
  const small = (most: number) => fc.integer({ min: 1, max: most });
  return fc.array(
    fc.oneof(
      {
        weight: 10,
        arbitrary: fc.record({
          kind: fc.constant("reserve" as const),
          subjects: someSubjects,
          tokens: fc.nat(40),
          nanoUsd: fc.nat(40),
        }),
      },
      {
        weight: 8,
        arbitrary: fc.record({
          kind: fc.constant("settle" as const),
          index: fc.nat(20),
          share: fc.double({ min: 0, max: shareMax, noNaN: true }),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constant("wait" as const),
          ms: fc.oneof(fc.integer({ min: -30_000, max: 30_000 }), fc.integer({ min: 0, max: 30 * 3_600_000 })),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant("limit" as const),
          subject: fc.constantFrom(...subjects),
          requests: small(20),
          tokens: small(200),
          calls: small(6),
          nanoUsd: fc.nat(300),
        }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("reconcile" as const) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("crash" as const) }) },
    ),
    { maxLength: 120 },
  );
}

/** One Headgate with its ledger; a crash leaves the ledger alone. */
class Site {
  readonly clock = new SetClock();
  /** The latest that the clock has shown: windows stand still until it has caught up. */
  latestMs = this.clock.nowMs();
  readonly limits = new Map<string, Charge>();
  /** All that were admitted, the open ones too. */
  calls: Call[] = [];
  /** Spent by calls that are over. */
  readonly ledger: Call[] = [];
  accounts = this.#open();
  authority = new MemoryAuthority({ accounts: this.accounts });

  constructor() {
    for (const subject of subjects) this.setLimit(subject, 20, 200, 6, 300);
  }

  setLimit(
    subject: string,
    requestsPerMinute: number,
    tokensPerMinute: number,
    concurrentRequests: number,
    limitNanoUsd: number,
  ): void {
    const budget: Budget = { limitNanoUsd, period: "day", timeZone: "Europe/Berlin", unpriced: "deny" };
    this.limits.set(subject, {
      subject,
      limits: { ...noLimits, requestsPerMinute, tokensPerMinute, concurrentRequests, budget },
    });
  }

  get open(): Call[] {
    return this.calls.filter(({ reservation }) => reservation !== null);
  }

  charge(subject: string): Charge {
    return this.limits.get(subject) as Charge;
  }

  budget(subject: string): Budget {
    return this.charge(subject).limits.budget as Budget;
  }

  #open(): SpendAccounts {
    const reader: SpendReader = {
      spent: async (asked) =>
        new Map(
          asked.map(({ subject, startMs }) => [
            accountName(subject, startMs),
            this.#sum(this.ledger, subject, startMs, Number.POSITIVE_INFINITY),
          ]),
        ),
    };
    const holders = () => subjects.map((subject) => ({ subject, budget: this.budget(subject) }));
    return new SpendAccounts({ reader, clock: this.clock, hasCaughtUp: () => true, holders });
  }

  #sum(calls: readonly Call[], subject: string, fromMs: number, untilMs: number): number {
    let sum = 0;
    for (const { charges, atMs, nanoUsd } of calls) {
      if (atMs >= fromMs && atMs < untilMs && charges.some((charge) => charge.subject === subject)) sum += nanoUsd;
    }
    return sum;
  }

  /** Of calls that are over, or under way, and were admitted in the budget's period. */
  spent(subject: string): number {
    const { startMs, endMs } = periodOf(this.budget(subject), this.clock.nowMs());
    return this.#sum(this.calls, subject, startMs, endMs as number);
  }

  /** Since the period at the moment began. */
  inLedger(subject: string): number {
    const { startMs } = periodOf(this.budget(subject), this.clock.nowMs());
    return this.#sum(this.ledger, subject, startMs, Number.POSITIVE_INFINITY);
  }

  ofMinute(subject: string): Call[] {
    return this.calls.filter(
      ({ atMs, charges }) => atMs > this.latestMs - minuteMs && charges.some((charge) => charge.subject === subject),
    );
  }

  /** The calls under way become what they were estimated to be, as the ledger has interrupted ones. */
  async crash(): Promise<void> {
    for (const call of this.open) {
      call.reservation = null;
      this.ledger.push(call);
    }
    this.latestMs = this.clock.nowMs();
    this.accounts = this.#open();
    this.authority = new MemoryAuthority({ accounts: this.accounts });
    await this.accounts.ensure(subjects.map((subject) => ({ subject, budget: this.budget(subject) })));
    for (const call of this.calls) {
      if (call.atMs < this.latestMs - minuteMs || call.atMs > this.latestMs) continue;
      for (const charge of call.charges)
        this.authority.restore(this.charge(charge.subject), call.atMs, { requests: 1, tokens: call.tokens });
    }
  }
}

async function run(list: readonly Step[], check: (site: Site, call: Call) => void): Promise<Site> {
  const site = new Site();
  for (const step of list) {
    const nowMs = site.clock.nowMs();
    if (step.kind === "reserve") {
      const charges = step.subjects.map((subject) => site.charge(subject));
      const { tokens, nanoUsd } = step;
      const answer = site.authority.reserve(
        { charges, payer: "group:payer", tokens, costNanoUsd: nanoUsd, isGuess: false },
        nowMs,
      );
      if (answer.kind === "reserved") {
        const call: Call = { charges, atMs: nowMs, tokens, nanoUsd, reservation: answer };
        site.calls.push(call);
        check(site, call);
      }
    } else if (step.kind === "settle") {
      const { open } = site;
      const call = open[step.index % Math.max(1, open.length)];
      if (call === undefined) continue;
      call.tokens = Math.round(call.tokens * step.share);
      call.nanoUsd = Math.round(call.nanoUsd * step.share);
      const used = { tokens: call.tokens, costNanoUsd: call.nanoUsd };
      call.reservation?.settle(used, nowMs);
      call.reservation?.settle(used, nowMs);
      call.reservation = null;
      site.ledger.push(call);
    } else if (step.kind === "wait") {
      site.clock.set(nowMs + step.ms);
      site.latestMs = Math.max(site.latestMs, site.clock.nowMs());
    } else if (step.kind === "limit") {
      site.setLimit(step.subject, step.requests, step.tokens, step.calls, step.nanoUsd);
    } else if (step.kind === "reconcile") {
      await site.accounts.reconcile();
    } else await site.crash();
    for (const view of site.authority.views([...site.limits.values()], site.clock.nowMs())) {
      for (const amount of [
        view.requestsPerMinute?.used,
        view.tokensPerMinute?.used,
        view.concurrentRequests,
        view.budget?.spentNanoUsd,
        view.budget?.reservedNanoUsd,
      ]) {
        expect(amount).toBeGreaterThanOrEqual(0);
      }
    }
  }
  return site;
}

test("with estimates that are not below reality no limit is ever exceeded, through crashes, edits and jumps of the clock", async () => {
  await fc.assert(
    fc.asyncProperty(steps(1), async (list) => {
      await run(list, (site, { charges, nanoUsd, tokens }) => {
        for (const { subject, limits } of charges) {
          const minute = site.ofMinute(subject);
          expect(minute.length).toBeLessThanOrEqual(limits.requestsPerMinute as number);
          if (tokens > 0)
            expect(minute.reduce((sum, call) => sum + call.tokens, 0)).toBeLessThanOrEqual(limits.tokensPerMinute as number);
          const running = site.open.filter((call) => call.charges.some((charge) => charge.subject === subject));
          expect(running.length).toBeLessThanOrEqual(limits.concurrentRequests as number);
          if (nanoUsd > 0) expect(site.spent(subject)).toBeLessThanOrEqual(site.budget(subject).limitNanoUsd);
        }
      });
    }),
    { numRuns: 400 },
  );
});

test("when all calls have ended nothing is reserved and none runs, and a while later accounts are what the ledger says, however wrong estimates were", async () => {
  await fc.assert(
    fc.asyncProperty(steps(3), async (list) => {
      const site = await run(list, () => {});
      for (const call of site.open) {
        call.reservation?.settle({ tokens: call.tokens, costNanoUsd: call.nanoUsd }, site.clock.nowMs());
        call.reservation = null;
        site.ledger.push(call);
      }
      site.clock.set(site.latestMs + 10_000);
      await site.accounts.reconcile();
      for (const [index, { budget }] of site.authority.views([...site.limits.values()], site.clock.nowMs()).entries()) {
        expect(budget).toMatchObject({ spentNanoUsd: site.inLedger(subjects[index] as string), reservedNanoUsd: 0 });
      }
      site.clock.set(site.latestMs + 3 * 86_400_000);
      for (const [subject] of site.limits) site.setLimit(subject, 1, 1, 1, 1000);
      await site.accounts.reconcile();
      const views = site.authority.views([...site.limits.values()], site.clock.nowMs());
      for (const view of views) {
        expect(view).toMatchObject({ requestsPerMinute: { used: 0 }, tokensPerMinute: { used: 0 }, concurrentRequests: 0 });
        expect(view.budget).toMatchObject({ spentNanoUsd: 0, reservedNanoUsd: 0 });
      }
      // And each of them admits all of its limits again.
      const charges = [...site.limits.values()];
      expect(
        site.authority.reserve(
          { charges, payer: "group:payer", tokens: 1, costNanoUsd: 1000, isGuess: false },
          site.clock.nowMs(),
        ).kind,
      ).toBe("reserved");
    }),
    { numRuns: 200 },
  );
});
