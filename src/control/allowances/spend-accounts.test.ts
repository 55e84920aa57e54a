// What a budget's account holds: the ledger's sum, what was spent here since, and nothing less than either.
import { beforeEach, describe, expect, test } from "vitest";
import { createFakeClock, type FakeClock } from "../../../test/support/fake-clock.ts";
import type { Budget } from "../../domain/limits.ts";
import { StorageUnavailable } from "../../storage/ports/errors.ts";
import type { BudgetHolder } from "./budget-holders.ts";
import { periodOf } from "./budget-period.ts";
import type { SpendAccount } from "./spend-account.ts";
import { SpendAccounts } from "./spend-accounts.ts";
import { accountName, type SpendQuestion } from "./spend-reader.ts";

const budget: Budget = { limitNanoUsd: 1000, period: "day", timeZone: "UTC", unpriced: "deny" };
const dayMs = 86_400_000;

let clock: FakeClock;
let ledger: Map<string, number>;
let asked: SpendQuestion[][];
let isAway: boolean;
let isSettled: boolean;
let holders: BudgetHolder[];
beforeEach(() => {
  clock = createFakeClock(Date.UTC(2026, 10, 22, 12));
  ledger = new Map();
  asked = [];
  isAway = false;
  isSettled = true;
  holders = [{ subject: "key:a", budget }];
});

function open(saved?: Map<string, number>): SpendAccounts {
  return new SpendAccounts({
    reader: {
      async spent(accounts) {
        if (isAway) throw new StorageUnavailable("away");
        asked.push([...accounts]);
        return new Map(accounts.map(({ subject, startMs }) => [accountName(subject, startMs), ledger.get(subject) ?? 0]));
      },
    },
    clock,
    hasCaughtUp: () => isSettled,
    holders: () => holders,
    ...(saved === undefined ? {} : { saved }),
  });
}

const today = () => periodOf(budget, clock.nowMs()).startMs;

function call(account: SpendAccount, nanoUsd: number): void {
  account.reserve(nanoUsd);
  account.settle(nanoUsd, nanoUsd, clock.nowMs());
}

describe("loading", () => {
  test("asks for all that are missing at once, and for nothing twice", async () => {
    ledger.set("key:a", 300).set("group:g", 7);
    const accounts = open();
    await accounts.ensure([...holders, { subject: "group:g", budget: { ...budget, period: "month" } }]);
    await accounts.ensure(holders);
    expect(asked).toHaveLength(1);
    expect(accounts.of("key:a", today()).spentNanoUsd).toBe(300);
    expect(accounts.of("group:g", Date.UTC(2026, 10, 1)).spentNanoUsd).toBe(7);
    expect(accounts.unsure).toEqual({ checkpoint: 0, nothing: 0 });
  });

  test("a period that begins while the process runs begins with nothing, and is not asked for", async () => {
    const accounts = open();
    ledger.set("key:a", 300);
    await clock.advance(dayMs);
    expect(accounts.of("key:a", today())).toMatchObject({ spentNanoUsd: 0, source: "ledger" });
    expect(asked).toEqual([]);
  });

  test("without the database what was written down counts, and else nothing: both are known to be unsure until it is back", async () => {
    isAway = true;
    const accounts = open(new Map([[accountName("key:a", today()), 400]]));
    await expect(accounts.ensure(holders)).rejects.toThrow(StorageUnavailable);
    call(accounts.of("key:a", today()), 50);
    call(accounts.of("key:b", today()), 60);
    expect(accounts.of("key:a", today()).spentNanoUsd).toBe(450);
    expect(accounts.unsure).toEqual({ checkpoint: 1, nothing: 1 });
    isAway = false;
    ledger.set("key:a", 410).set("key:b", 900);
    holders.push({ subject: "key:b", budget });
    await accounts.reconcile();
    expect(accounts.unsure).toEqual({ checkpoint: 0, nothing: 0 });
    // What was spent here may be among it or not: until it is quiet it counts twice rather than never.
    expect(accounts.of("key:b", today()).spentNanoUsd).toBe(960);
    await clock.advance(10_000);
    await accounts.reconcile();
    expect(accounts.of("key:b", today()).spentNanoUsd).toBe(900);
    expect(accounts.of("key:a", today()).spentNanoUsd).toBe(410);
  });

  test("while the spool waits to be written, what was written down apart from it is not forgotten", async () => {
    isSettled = false;
    ledger.set("key:a", 100);
    const accounts = open(new Map([[accountName("key:a", today()), 400]]));
    await accounts.ensure(holders);
    expect(accounts.of("key:a", today()).spentNanoUsd).toBe(400);
    isSettled = true;
    ledger.set("key:a", 390);
    await clock.advance(6000);
    await accounts.reconcile();
    expect(accounts.of("key:a", today()).spentNanoUsd).toBe(390);
  });
});

describe("reconciliation", () => {
  test("sets exactly what has been quiet, and only raises what is in use", async () => {
    const accounts = open();
    await accounts.ensure(holders);
    const account = accounts.of("key:a", today());
    call(account, 100);
    ledger.set("key:a", 40);
    await accounts.reconcile();
    expect(account.spentNanoUsd).toBe(100);
    ledger.set("key:a", 130);
    await accounts.reconcile();
    expect(account.spentNanoUsd).toBe(130);
    ledger.set("key:a", 90);
    account.reserve(10);
    await clock.advance(6000);
    await accounts.reconcile();
    expect(account.spentNanoUsd).toBe(130);
    account.settle(10, 5, clock.nowMs());
    isSettled = false;
    await clock.advance(6000);
    await accounts.reconcile();
    expect(account.spentNanoUsd).toBe(135);
    isSettled = true;
    ledger.set("key:a", 95);
    await accounts.reconcile();
    expect(account).toMatchObject({ spentNanoUsd: 95, reservedNanoUsd: 0 });
  });

  test("what a call under way has in the ledger already is not counted beside what is reserved for it", async () => {
    const accounts = open();
    await accounts.ensure(holders);
    const account = accounts.of("key:a", today());
    account.reserve(100);
    ledger.set("key:a", 60);
    await accounts.reconcile();
    expect(account.spentNanoUsd).toBe(0);
    ledger.set("key:a", 160);
    await accounts.reconcile();
    expect(account.spentNanoUsd).toBe(60);
  });

  test("looks at those that were used alone, and now and then at all: somebody may have adjusted them", async () => {
    const accounts = open();
    await accounts.ensure(holders);
    await clock.advance(6000);
    await accounts.reconcile();
    asked = [];
    for (let time = 0; time < 18; time++) await accounts.reconcile();
    expect(asked.flat()).toEqual([]);
    ledger.set("key:a", 77);
    await accounts.reconcile();
    expect(accounts.of("key:a", today()).spentNanoUsd).toBe(77);
  });

  test("drops what nobody has any more, and periods that are over; whoever holds such an account learns of it", async () => {
    holders.push({ subject: "key:b", budget });
    const accounts = open();
    await accounts.ensure(holders);
    const [a, b] = [accounts.of("key:a", today()), accounts.of("key:b", today())];
    a.reserve(1);
    await clock.advance(6000);
    holders = [];
    await accounts.reconcile();
    expect([a.isDropped, b.isDropped, accounts.size]).toEqual([false, true, 1]);
    a.settle(1, 1, clock.nowMs());
    await clock.advance(dayMs);
    holders = [{ subject: "key:a", budget }];
    await accounts.reconcile();
    expect(a.isDropped).toBe(true);
    expect(accounts.of("key:a", today()).spentNanoUsd).toBe(0);
  });
});
