// A start finds what was spent and what was admitted just before it, with the ledger or without, and says when it is not sure.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../../../test/support/database.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { createFakeClock, type FakeClock } from "../../../test/support/fake-clock.ts";
import { settledAttempt } from "../../../test/support/ledger-records.ts";
import type { Charge } from "../../domain/allowance.ts";
import { contentOf, keyOf } from "../../domain/fixtures/views.ts";
import { type Budget, noLimits } from "../../domain/limits.ts";
import type { SnapshotContent } from "../../domain/snapshot.ts";
import { StorageUnavailable } from "../../storage/ports/errors.ts";
import type { LedgerRepository } from "../../storage/ports/ledger.ts";
import type { Storage } from "../../storage/ports/storage.ts";
import { LocalAllowances } from "./local-allowances.ts";

const budget: Budget = { limitNanoUsd: 1000, period: "day", timeZone: "UTC", unpriced: "deny" };
const limits = { ...noLimits, requestsPerMinute: 3, tokensPerMinute: 1000, budget };
const charge: Charge = { subject: "key:key_1", limits };
const content: SnapshotContent = contentOf({ keys: [keyOf({ id: "key_1", limits })] });

let database: TestDatabase;
let dataDir: string;
let clock: FakeClock;
let isAway: boolean;
let degraded: string | null;
let allowances: LocalAllowances;
beforeEach(async () => {
  database = await testDatabase("sqlite");
  dataDir = await mkdtemp(join(tmpdir(), "headgate-allowances-"));
  clock = createFakeClock(Date.UTC(2026, 10, 22, 12));
  isAway = false;
  degraded = null;
});
afterEach(async () => {
  await allowances.stop();
  await database.remove();
  await rm(dataDir, { recursive: true, force: true });
});

async function open(): Promise<LocalAllowances> {
  const { storage } = database;
  const away = (): never => {
    throw new StorageUnavailable("on purpose");
  };
  const ledger: LedgerRepository = {
    ...storage.ledger,
    spendOf: async (accounts) => (isAway ? away() : storage.ledger.spendOf(accounts)),
    recentRequests: async (query) => (isAway ? away() : storage.ledger.recentRequests(query)),
  };
  const ignore = () => {};
  allowances = await LocalAllowances.open({
    storage: { ...storage, models: storage.models, ledger } as Storage,
    dataDir,
    clock,
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    current: () => content,
    chargesOf: () => () => [charge],
    hasCaughtUp: () => true,
    readiness: {
      degraded: (part, detail) => {
        degraded = `${part}: ${detail}`;
      },
      restored: () => {
        degraded = null;
      },
    },
  });
  return allowances;
}

function reserve(costNanoUsd: number, tokens = 0) {
  return allowances.authority.reserve({ charges: [charge], payer: "", tokens, costNanoUsd, isGuess: false }, clock.nowMs());
}

async function spendInLedger(costNanoUsd: number, secondsAgo: number): Promise<void> {
  const startedAtMs = clock.nowMs() - 1000 * secondsAgo;
  await database.storage.ledger.ingest([settledAttempt({ startedAtMs, costNanoUsd, keyId: "key_1" })]);
}

const isDegraded = (pattern: RegExp) =>
  eventually(() => pattern.test(degraded ?? ""), { what: () => `${pattern} of ${degraded}` });

test("what the ledger has is spent, and what it has of the last minute counts, from when it began", async () => {
  await spendInLedger(400, 3600);
  await spendInLedger(300, 40);
  await spendInLedger(200, 20);
  await (await open()).prepare(content);
  expect(reserve(101)).toMatchObject({ kind: "budget", spentNanoUsd: 900 });
  const third = reserve(100, 958);
  expect(third.kind).toBe("reserved");
  expect(third.standing.tokens).toEqual({ limit: 1000, remaining: 0, resetMs: 60_010 });
  // The first of the two that are in the last minute leaves in 20 seconds.
  expect(reserve(0)).toMatchObject({ kind: "rate", limit: "requests_per_minute", retryAfterMs: 20_010 });
});

test("a patch loads the account of a new budget alone; nothing is counted again", async () => {
  await spendInLedger(400, 30);
  await (await open()).prepare(contentOf({}));
  await allowances.prepare({ part: "key", version: 2, id: "key_1", key: keyOf({ id: "key_1", limits }) });
  const [view] = await allowances.views([charge], clock.nowMs());
  expect(view).toMatchObject({ requestsPerMinute: { used: 1 }, budget: { spentNanoUsd: 400, reservedNanoUsd: 0 } });
});

test("without the database budgets go by the data directory, and that is said until the ledger can be read", async () => {
  await (await open()).prepare(content);
  const call = reserve(600);
  if (call.kind !== "reserved") throw new Error("refused");
  call.settle({ tokens: 1, costNanoUsd: 600 }, clock.nowMs());
  await allowances.stop();
  isAway = true;
  await open();
  expect(reserve(401)).toMatchObject({ kind: "budget", spentNanoUsd: 600 });
  await clock.advance(2000);
  await isDegraded(/^allowances: the ledger can't be read: of 1 budget what the data directory says/);
  await spendInLedger(600, 10);
  isAway = false;
  await clock.advance(10_000);
  await eventually(
    async () => {
      await clock.advance(2000);
      return degraded === null;
    },
    { what: () => `not: ${degraded}` },
  );
  expect(reserve(400).kind).toBe("reserved");
});

test("what neither the ledger nor the data directory knows counts from the start on, and that is said", async () => {
  isAway = true;
  await open();
  expect(reserve(1000).kind).toBe("reserved");
  expect(reserve(1).kind).toBe("budget");
  await clock.advance(2000);
  await isDegraded(/of 1 budget it is not known what was spent before the start/);
});
