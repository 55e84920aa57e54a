// What reports over many hours guarantee, for every engine: whichever roll-up they come from, they add up to the attempts.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { settledAttempt, startedAttempt } from "../../test/support/ledger-records.ts";
import { histogramBoundMs, histogramBucket, histogramBuckets } from "../core/histogram.ts";
import { newId } from "../core/ids.ts";
import { everyoneGroupId } from "../domain/everyone.ts";
import type { AttemptSettled } from "../domain/ledger-record.ts";
import type { OwnedBy } from "./ports/owned-by.ts";
import type { LatencyCount, UsageQuery, UsageRow } from "./ports/usage.ts";
import { groupRow, userRow } from "./rows.contract.ts";
import type { ContractDatabase } from "./storage.contract.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
let lastDay = 30_000;
/** Days that no other test writes to. */
function ownDays(): number {
  lastDay += 10;
  return lastDay * dayMs;
}

const dimensions = ["model", "endpoint", "key", "user", "group"] as const;

function attempts(startMs: number): fc.Arbitrary<AttemptSettled[]> {
  const attempt = fc.record({
    offsetMs: fc.nat({ max: 4 * dayMs - 1 }),
    model: fc.constantFrom("a", "b", ""),
    endpoint: fc.constantFrom("x", "y"),
    keyId: fc.constantFrom("key_1", "key_2", null),
    userId: fc.constantFrom("usr_1", null),
    groupId: fc.constantFrom("grp_1", "grp_2"),
    status: fc.constantFrom(200, 429, 500),
    error: fc.constantFrom(null, null, "stream_error"),
    final: fc.boolean(),
    ttftMs: fc.option(fc.nat({ max: 100_000 })),
    durationMs: fc.nat({ max: 1_000_000 }),
    usageSource: fc.constantFrom("measured" as const, "estimated" as const),
    costNanoUsd: fc.option(fc.nat()),
  });
  return fc
    .array(attempt, { minLength: 1, maxLength: 25 })
    .map((all) => all.map(({ offsetMs, ...rest }) => settledAttempt({ ...rest, startedAtMs: startMs + offsetMs })));
}

const byKey = (a: object, b: object) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
const plain = (rows: readonly LatencyCount[]) => rows.map((row) => ({ ...row })).sort(byKey);

/** Sums of rows by bucket and value, added up here from the finest rows that there are. */
function addUp(rows: readonly UsageRow[], { groupBy, bucket, filter = {} }: UsageQuery): UsageRow[] {
  const fields = { model: "model", endpoint: "endpoint", key: "keyId", user: "userId", group: "groupId" } as const;
  const sums = new Map<string, UsageRow>();
  for (const row of rows) {
    if (dimensions.some((name) => filter[name] !== undefined && filter[name] !== row[fields[name]])) continue;
    const at = row.bucketMs as number;
    const kept = { bucketMs: bucket === null ? null : at - (at % (bucket === "day" ? dayMs : hourMs)) };
    const values = Object.fromEntries(
      dimensions.map((name) => [fields[name], groupBy.includes(name) ? row[fields[name]] : null]),
    );
    const key = JSON.stringify([kept, values]);
    const present = sums.get(key) as (UsageRow & Record<string, number>) | undefined;
    if (present === undefined) sums.set(key, { ...row, ...kept, ...values });
    else
      for (const [name, value] of Object.entries(row))
        if (typeof value === "number" && name !== "bucketMs") present[name] = (present[name] ?? 0) + value;
  }
  return [...sums.values()];
}

export function overviewContract(database: ContractDatabase): void {
  describe("overview", () => {
    test("a report is the same by days, by hours, and from the attempts", async () => {
      const { ledger, overview } = database.storage;
      const property = fc.asyncProperty(
        fc
          .constant(null)
          .map(ownDays)
          .chain((startMs) => fc.tuple(fc.constant(startMs), attempts(startMs))),
        fc.tuple(fc.nat({ max: 50 }), fc.integer({ min: 51, max: 96 })),
        fc.record({
          groupBy: fc.subarray([...dimensions], { maxLength: 2 }),
          bucket: fc.constantFrom("hour" as const, "day" as const, null),
          filter: fc.record({ key: fc.constantFrom(undefined, "key_1"), model: fc.constantFrom(undefined, "a") }),
        }),
        async ([startMs, records], [fromHour, toHour], asked) => {
          const half = records.length >> 1;
          await ledger.ingest(records.slice(0, half));
          // Some days are summed and then change, some are summed, some not.
          await ledger.sumDays(startMs + 2 * dayMs);
          await ledger.ingest(records);
          if (half % 2 === 0) await ledger.sumDays(startMs + 3 * dayMs);
          const range = { fromMs: startMs + fromHour * hourMs, toMs: startMs + toHour * hourMs };
          const query: UsageQuery = { ...range, ...asked };
          const finest = await ledger.usage({ ...range, groupBy: dimensions, bucket: "hour" });
          const rows = await ledger.usage(query);
          expect([...rows].sort(byKey)).toEqual(
            addUp(finest, query)
              .sort(byKey)
              .map((row) => expect.objectContaining(row)),
          );
          const days = { ...range, groupBy: [], bucket: "hour" as const };
          expect(await overview.attemptUsage({ ...range, bucket: "hour" })).toEqual(await ledger.usage(days));
          for (const bucket of ["hour", "day", null] as const) {
            const fromAttempts = plain(await overview.attemptLatency({ ...range, bucket }));
            expect(plain(await overview.latency({ ...range, bucket }))).toEqual(fromAttempts);
          }
        },
      );
      await fc.assert(property, { numRuns: 40, endOnFailure: true });
    });

    test("a manager's latencies are the same by days, by hours, and from the attempts, whoever paid", async () => {
      const { ledger, overview, users, groups } = database.storage;
      const [manager, member, other] = [userRow(), userRow(), userRow()];
      const [managed, elsewhere] = [groupRow(), groupRow()];
      for (const row of [manager, member, other]) await users.insert(row);
      for (const row of [managed, elsewhere]) await groups.insert(row);
      for (const { id } of [manager, member]) {
        await groups.addMember({ group_id: managed.id, user_id: id, source: "admin", created_at: 1 });
      }
      const startMs = ownDays();
      // More days that a member used and another group paid for than are looked up one by one, in the last of the ranges.
      const many = Array.from({ length: 1100 }, (_, index) => ({ userId: member.id, groupId: newId("grp"), index }));
      const some = Array.from({ length: 300 }, (_, index) => ({
        userId: [manager.id, member.id, other.id, null][index % 4] as string | null,
        groupId: [managed.id, elsewhere.id, everyoneGroupId][index % 3] as string,
        index,
      }));
      const record = (dayMs: number) => (given: { userId: string | null; groupId: string; index: number }) => {
        const { index, ...owner } = given;
        const startedAtMs = startMs + dayMs + ((index * 1009) % 96) * hourMs;
        return settledAttempt({ ...owner, startedAtMs, durationMs: 10 + index * 7, ttftMs: index % 5 === 0 ? null : index });
      };
      await ledger.ingest(some.map(record(0)));
      const owners: OwnedBy[] = [
        { userId: manager.id, groupIds: [managed.id] },
        { userId: manager.id, groupIds: [managed.id, elsewhere.id] },
        { userId: member.id, groupIds: [] },
      ];
      const agree = async (fromMs: number, toMs: number) => {
        for (const ownedBy of owners) {
          for (const bucket of ["hour", "day", null] as const) {
            const query = { fromMs: startMs + fromMs, toMs: startMs + toMs, bucket, ownedBy };
            const expected = plain(await overview.attemptLatency(query));
            expect(expected.length).toBeGreaterThan(0);
            expect(plain(await overview.latency(query))).toEqual(expected);
          }
        }
      };
      await agree(5 * hourMs, 90 * hourMs);
      await ledger.sumDays(startMs + 5 * dayMs);
      await agree(5 * hourMs, 90 * hourMs);
      await agree(0, 4 * dayMs);
      // One of the days changes after it was summed.
      await ledger.ingest([
        settledAttempt({ startedAtMs: startMs + dayMs, userId: member.id, groupId: managed.id, durationMs: 5 }),
      ]);
      await agree(0, 4 * dayMs);
      await ledger.ingest(many.map(record(5 * dayMs)));
      await ledger.sumDays(startMs + 10 * dayMs);
      await agree(0, 10 * dayMs);
    });

    test("rows come by time, and within it by what they are grouped by", async () => {
      const { ledger } = database.storage;
      const startMs = ownDays();
      const at = (hour: number, model: string) => settledAttempt({ startedAtMs: startMs + hour * hourMs, model });
      await ledger.ingest([at(47, "c"), at(30, "b"), at(1, "a"), at(30, "Z"), at(47, "ä")]);
      const query = { fromMs: startMs + hourMs, toMs: startMs + 48 * hourMs - hourMs / 2, groupBy: ["model"] } as const;
      expect((await ledger.usage({ ...query, bucket: "day" })).map(({ model }) => model)).toEqual(["a", "Z", "b", "c", "ä"]);
      expect((await ledger.usage({ ...query, bucket: null })).map(({ model }) => model)).toEqual(["Z", "a", "b", "c", "ä"]);
    });

    test("minutes count what has ended, and every duration falls into the bucket of its histogram", async () => {
      const { ledger, overview } = database.storage;
      const startMs = ownDays();
      const bounds = Array.from({ length: histogramBuckets }, (_, bucket) => Math.floor(histogramBoundMs(bucket)));
      const durations = [...new Set([0, ...bounds.flatMap((ms) => [ms, ms + 1])])];
      const processId = newId("prc");
      await ledger.ingest([
        ...durations.map((durationMs) => settledAttempt({ startedAtMs: startMs + 1, durationMs, ttftMs: null })),
        settledAttempt({ startedAtMs: startMs + 60_000, final: false, ttftMs: 5 }),
        startedAttempt({ startedAtMs: startMs + 60_001 }),
        startedAttempt({ startedAtMs: startMs + 60_002, processId }),
      ]);
      await ledger.interrupt(processId, startMs + 99_000);
      const query = { fromMs: startMs, toMs: startMs + 120_000, bucket: "minute" as const };
      expect(await overview.attemptUsage(query)).toMatchObject([
        { bucketMs: startMs, requests: durations.length, attempts: durations.length, errors: 0 },
        { bucketMs: startMs + 60_000, requests: 1, attempts: 2, errors: 1, interruptedRequests: 1, inputTokens: 22 },
      ]);
      const counts = new Map<number, number>();
      for (const ms of durations) counts.set(histogramBucket(ms), (counts.get(histogramBucket(ms)) ?? 0) + 1);
      const expected = [...counts].map(([bucket, count]) => ({ bucketMs: startMs, metric: "duration" as const, bucket, count }));
      const ofTtft = { bucketMs: startMs + 60_000, metric: "ttft" as const, bucket: histogramBucket(5), count: 1 };
      expect(plain(await overview.attemptLatency(query))).toEqual(plain([...expected, ofTtft]));
      expect(await overview.attemptUsage({ ...query, toMs: startMs, bucket: null })).toEqual([]);
    });

    test("of one user, or the groups that they manage, alone", async () => {
      const { ledger, overview } = database.storage;
      const startMs = ownDays();
      const [userId, other] = [newId("usr"), newId("usr")];
      const group = newId("grp");
      await ledger.ingest([
        settledAttempt({ startedAtMs: startMs, userId, durationMs: 10, ttftMs: null }),
        settledAttempt({ startedAtMs: startMs, userId: other, groupId: group, durationMs: 1000, ttftMs: null }),
        settledAttempt({ startedAtMs: startMs, userId: other, durationMs: 100_000, ttftMs: null }),
      ]);
      for (const [groupIds, durations] of [
        [[], [10]],
        [[group], [10, 1000]],
      ] as const) {
        const query = { fromMs: startMs, toMs: startMs + hourMs, ownedBy: { userId, groupIds }, bucket: "hour" as const };
        const expected = durations.map((ms) => ({
          bucketMs: startMs,
          metric: "duration",
          bucket: histogramBucket(ms),
          count: 1,
        }));
        expect(plain(await overview.latency(query))).toEqual(expected.sort(byKey));
        expect(plain(await overview.attemptLatency(query))).toEqual(expected);
        expect(await overview.attemptUsage(query)).toMatchObject([{ requests: durations.length }]);
      }
    });
  });
}
