// What control counts for its workers outlives a restart of the whole: the ledger says what the last minute and the budgets have seen.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../../../test/support/database.ts";
import { settledAttempt } from "../../../test/support/ledger-records.ts";
import { ShiftedClock } from "../../../test/support/shifted-clock.ts";
import type { Charge } from "../../domain/allowance.ts";
import { contentOf, keyOf } from "../../domain/fixtures/views.ts";
import { type Budget, noLimits } from "../../domain/limits.ts";
import type { Allowances } from "./allowances.ts";
import { createAllowances } from "./create-allowances.ts";
import { LeasedAllowances } from "./leases/leased-allowances.ts";
import { StorageSpendReader } from "./storage-spend-reader.ts";

const budget: Budget = { limitNanoUsd: 1000, period: "day", timeZone: "UTC", unpriced: "deny" };
const limits = { ...noLimits, requestsPerMinute: 3, tokensPerMinute: 1000, budget };
const charge: Charge = { subject: "key:key_1", limits };
const content = contentOf({ keys: [keyOf({ id: "key_1", limits })] });
const ignore = () => {};
/** What was spent a minute ago, and what is spent now, is of one day of the budget. */
const clock = new ShiftedClock();
clock.forwardToMidMonth();
const log = { debug: ignore, info: ignore, warn: ignore, error: ignore };

let database: TestDatabase;
let dataDir: string;
let opened: { stop(): Promise<void> }[];
beforeEach(async () => {
  database = await testDatabase("sqlite");
  dataDir = await mkdtemp(join(tmpdir(), "headgate-allowances-"));
  opened = [];
});
afterEach(async () => {
  for (const each of opened.reverse()) await each.stop();
  await database.remove();
  await rm(dataDir, { recursive: true, force: true });
});

async function open(more: { workers?: number; isReplacement?: boolean } = {}): Promise<Allowances> {
  const allowances = await createAllowances({
    redis: { url: null, timeoutMs: 10 },
    processId: "control",
    storage: database.storage,
    dataDir,
    clock,
    log,
    current: () => content,
    chargesOf: () => () => [charge],
    hasCaughtUp: () => true,
    readiness: { degraded: ignore, restored: ignore },
    workers: 2,
    ...more,
  });
  opened.push(allowances);
  return allowances;
}

async function worker({ leaseAuthority }: Allowances, processId: string): Promise<LeasedAllowances> {
  if (leaseAuthority === null) throw new Error("there is no authority");
  const reader = new StorageSpendReader(database.storage);
  const options = { processId, reader, clock, timeoutMs: 10_000, processes: 2 };
  const leased = new LeasedAllowances({ ...options, authority: leaseAuthority });
  await leased.start();
  opened.push(leased);
  return leased;
}

async function kindOf(of: LeasedAllowances, costNanoUsd: number, tokens = 0): Promise<string> {
  const demand = { charges: [charge], payer: "", tokens, costNanoUsd, isGuess: false };
  return (await of.reserve(demand, clock.nowMs())).kind;
}

async function spendInLedger(costNanoUsd: number, secondsAgo: number): Promise<void> {
  const startedAtMs = clock.nowMs() - 1000 * secondsAgo;
  await database.storage.ledger.ingest([settledAttempt({ startedAtMs, costNanoUsd, keyId: "key_1" })]);
}

test("what the ledger has of the last minute and of the budget's period counts for all workers from their first call on", async () => {
  await spendInLedger(100, 70);
  await spendInLedger(300, 30);
  const allowances = await open();
  await allowances.prepare(content);
  const [one, two] = [await worker(allowances, "w1"), await worker(allowances, "w2")];
  const [view] = await allowances.views([charge], clock.nowMs());
  expect(view).toMatchObject({ requestsPerMinute: { used: 1 }, budget: { spentNanoUsd: 400, reservedNanoUsd: 0 } });
  expect(view?.tokensPerMinute?.used).toBeGreaterThan(0);
  for (const each of [one, two]) await each.ensure([{ subject: "key:key_1", budget }]);
  expect(await kindOf(one, 601)).toBe("budget");
  expect(await kindOf(one, 500)).toBe("reserved");
  expect(await kindOf(two, 100)).toBe("reserved");
  expect(await kindOf(one, 0)).toBe("rate");
  expect(allowances.state()).toEqual({ redis: null, allowances: { authority: "memory", degraded_since: null } });
  expect([...allowances.knownSpend().values()]).toEqual([1000]);
});

test("a replaced one takes what its workers tell for the last minute: the ledger's calls are among those", async () => {
  await spendInLedger(300, 30);
  const allowances = await open({ isReplacement: true });
  await allowances.prepare(content);
  const [view] = await allowances.views([charge], clock.nowMs());
  expect(view).toMatchObject({ requestsPerMinute: { used: 0 }, budget: { spentNanoUsd: 300 } });
});

test("alone there is nobody to count for", async () => {
  const allowances = await open({ workers: 0 });
  expect(allowances.leaseAuthority).toBeNull();
});
