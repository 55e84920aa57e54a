// What spendOf guarantees, for every engine: the sum of the attempts themselves, whichever roll-ups it comes from.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { settledAttempt, startedAttempt } from "../../test/support/ledger-records.ts";
import { newId } from "../core/ids.ts";
import type { AttemptSettled } from "../domain/ledger-record.ts";
import type { SpendAccount } from "./ports/ledger.ts";
import type { ContractDatabase } from "./storage.contract.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
let lastDay = 60_000;
/** Days that no other test writes to. */
function ownDays(): number {
  lastDay += 10;
  return lastDay * dayMs;
}

const owner = { key: "keyId", user: "userId", group: "groupId", model: "model" } as const;

/** What it must say, counted from the attempts. */
function countedSpend(attempts: readonly AttemptSettled[], { kind, id, startMs }: SpendAccount): number {
  const counted = attempts.filter((attempt) => attempt[owner[kind]] === id && attempt.startedAtMs >= startMs);
  return counted.reduce((sum, { costNanoUsd }) => sum + (costNanoUsd ?? 0), 0);
}

export function spendContract(database: ContractDatabase): void {
  describe("spend", () => {
    test("of any accounts since any times is the sum of their attempts, whether or not days are summed", async () => {
      const { ledger } = database.storage;
      // Times near each other and near the edges of hours and days, where mistakes live.
      const offset = fc.oneof(
        fc.nat({ max: 4 * dayMs - 1 }),
        fc.tuple(fc.nat({ max: 3 }), fc.integer({ min: -2, max: 2 })).map(([days, ms]) => Math.max(0, days * dayMs + ms)),
        fc.tuple(fc.nat({ max: 90 }), fc.constantFrom(0, 1, 30 * minuteMs, 45 * minuteMs)).map(([h, ms]) => h * hourMs + ms),
      );
      const attempt = fc.record({
        offsetMs: offset,
        model: fc.constantFrom("a", "b", ""),
        endpoint: fc.constantFrom("x", "y"),
        keyId: fc.constantFrom("1", "2", null),
        userId: fc.constantFrom("1", "2", null),
        groupId: fc.constantFrom("1", "2"),
        status: fc.constantFrom(200, 500),
        final: fc.boolean(),
        costNanoUsd: fc.option(fc.nat()),
      });
      const account = fc.record({
        kind: fc.constantFrom("key" as const, "user" as const, "group" as const, "model" as const),
        id: fc.constantFrom("1", "2", "none"),
        startMs: fc.oneof(offset, offset, fc.constant(null)),
      });
      const property = fc.asyncProperty(
        fc.array(attempt, { minLength: 1, maxLength: 25 }),
        fc.array(attempt, { maxLength: 5 }),
        fc.array(account, { minLength: 1, maxLength: 60 }),
        fc.constantFrom(-1, 1.5, 2.5, 6),
        async (early, late, given, summedDays) => {
          const day = ownDays();
          const prefix = newId("mdl");
          const own = (records: typeof early) =>
            records.map(({ offsetMs, keyId, userId, groupId, model, ...rest }) =>
              settledAttempt({
                ...rest,
                startedAtMs: day + offsetMs,
                model: model === "" ? "" : `${prefix}${model === "a" ? "1" : "2"}`,
                keyId: keyId === null ? null : prefix + keyId,
                userId: userId === null ? null : prefix + userId,
                groupId: prefix + groupId,
              }),
            );
          const [before, after] = [own(early), own(late)];
          await ledger.ingest(before);
          if (summedDays > 0) await ledger.sumDays(day + summedDays * dayMs);
          await ledger.ingest([...after, ...before.slice(0, 3)]);
          const accounts = given.map(({ kind, id, startMs }) => ({
            kind,
            id: prefix + id,
            startMs: startMs === null ? 0 : day + startMs,
          }));
          const counted = accounts.map((one) => countedSpend([...before, ...after], one));
          expect(await ledger.spendOf(accounts)).toEqual(counted);
        },
      );
      await fc.assert(property, { numRuns: 40, endOnFailure: true });
    });

    test("counts what was interrupted with its estimate, and nothing of what is under way", async () => {
      const { ledger } = database.storage;
      const [model, processId, startedAtMs] = [newId("mdl"), newId("prc"), ownDays() + 30 * minuteMs];
      await ledger.ingest([startedAttempt({ model, processId, startedAtMs, costEstimateNanoUsd: 700 })]);
      const accounts = [0, startedAtMs, startedAtMs + 1].map((startMs) => ({ kind: "model" as const, id: model, startMs }));
      expect(await ledger.spendOf(accounts)).toEqual([0, 0, 0]);
      await ledger.interrupt(processId, startedAtMs + hourMs);
      expect(await ledger.spendOf(accounts)).toEqual([700, 700, 0]);
    });

    test("since a time in an hour whose attempts are deleted counts that whole hour: too much rather than too little", async () => {
      const { ledger } = database.storage;
      const [model, hour] = [newId("mdl"), 24 * hourMs];
      const cost = (startedAtMs: number, costNanoUsd: number) => settledAttempt({ model, startedAtMs, costNanoUsd });
      await ledger.ingest([cost(hour, 1), cost(hour + 40 * minuteMs, 20), cost(hour + hourMs, 300)]);
      const account = { kind: "model" as const, id: model, startMs: hour + 30 * minuteMs };
      expect(await ledger.spendOf([account])).toEqual([320]);
      await ledger.deleteBefore(hour + 50 * minuteMs);
      expect(await ledger.spendOf([account])).toEqual([321]);
    });

    test("of thousands of accounts comes at once", async () => {
      const { ledger } = database.storage;
      const day = ownDays();
      const prefix = newId("mdl");
      const records = Array.from({ length: 2000 }, (_, index) =>
        settledAttempt({ keyId: prefix + index, startedAtMs: day + index * minuteMs, costNanoUsd: index }),
      );
      await ledger.ingest(records);
      const accounts = Array.from({ length: 10_000 }, (_, index) => ({
        kind: "key" as const,
        id: prefix + (index % 2500),
        startMs: day + Math.floor(index / 2500) * 450 * minuteMs,
      }));
      const counted = accounts.map(({ startMs }, index) => {
        const key = index % 2500;
        return key < 2000 && day + key * minuteMs >= startMs ? key : 0;
      });
      expect(await ledger.spendOf(accounts)).toEqual(counted);
      expect(await ledger.spendOf([])).toEqual([]);
    });
  });
}
