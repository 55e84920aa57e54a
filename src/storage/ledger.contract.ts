// What the ledger guarantees, for every engine: exactly-once whatever arrives, and reports that add up to the rows.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { settledAttempt, startedAttempt } from "../../test/support/ledger-records.ts";
import { histogramBucket } from "../core/histogram.ts";
import { newId } from "../core/ids.ts";
import { tokenDetailsColumnOf } from "../core/token-details.ts";
import type { AttemptSettled, AttemptStarted, LedgerRecord } from "../domain/ledger-record.ts";
import { attemptRow } from "./ledger/attempt-row.ts";
import { openLedger } from "./open-ledger.ts";
import { StorageUnavailable } from "./ports/errors.ts";
import type { AttemptRow, LedgerRepository } from "./ports/ledger.ts";
import type { UsageRow } from "./ports/usage.ts";
import type { ContractDatabase } from "./storage.contract.ts";

const hourMs = 3_600_000;
const interruptedAtMs = 1_900_000_000_000;

let lastHour = 400_000;
/** The start of an hour that no other test writes to. */
function ownHour(): number {
  lastHour += 1;
  return lastHour * hourMs;
}

/** One attempt of a generated case. */
interface Case {
  started: AttemptStarted;
  /** Null: the process died before it was settled. */
  settled: AttemptSettled | null;
}

const natural = fc.nat({ max: 100_000 });

function caseArbitrary(startMs: number, processId: string): fc.Arbitrary<Case> {
  const outcome = fc.record({
    status: fc.constantFrom(200, 201, 404, 429, 499, 502),
    error: fc.constantFrom(null, null, "upstream_error", "stream_error"),
    final: fc.boolean(),
    ttftMs: fc.option(fc.double({ min: 0, max: 60_000, noNaN: true })),
    durationMs: fc.double({ min: 0, max: 600_000, noNaN: true }),
    usage: fc.record(
      {
        inputTokens: natural,
        cachedInputTokens: natural,
        cacheWriteTokens: natural,
        outputTokens: natural,
        reasoningTokens: natural,
        details: fc.record({ cacheWrite1hTokens: natural, outputAudioTokens: natural }, { requiredKeys: [] }),
      },
      { requiredKeys: ["inputTokens", "cachedInputTokens", "cacheWriteTokens", "outputTokens", "reasoningTokens"] },
    ),
    usageSource: fc.constantFrom("measured" as const, "estimated" as const),
    costNanoUsd: fc.option(fc.nat()),
  });
  return fc
    .record({
      offsetMs: fc.nat({ max: hourMs - 1 }),
      model: fc.constantFrom("gpt-4o", ""),
      keyId: fc.constantFrom("key_1", null),
      inputTokensEstimate: natural,
      outcome: fc.option(outcome, { freq: 4 }),
    })
    .map(({ offsetMs, outcome, ...begun }) => {
      const started = startedAttempt({ ...begun, processId, startedAtMs: startMs + offsetMs });
      const settled =
        outcome === null ? null : settledAttempt({ ...started, ...outcome, event: "settled" } as Partial<AttemptSettled>);
      return { started, settled };
    });
}

type Delivery = { records: LedgerRecord[] } | "interrupt";

/** Every record at least once, some again, in any order, cut into batches, with the interrupt of the process anywhere between. */
function deliveryArbitrary(cases: readonly Case[]): fc.Arbitrary<Delivery[]> {
  const records = cases.flatMap(({ started, settled }) => (settled === null ? [started] : [started, settled]));
  return fc
    .record({
      again: fc.subarray(records),
      cuts: fc.array(fc.nat({ max: records.length * 2 }), { maxLength: 6 }),
      interrupts: fc.array(fc.nat({ max: 6 }), { maxLength: 2 }),
    })
    .chain(({ again, cuts, interrupts }) => {
      const all = [...records, ...again];
      return fc.shuffledSubarray(all, { minLength: all.length }).map((shuffled) => {
        const edges = [0, ...cuts.filter((cut) => cut < shuffled.length).sort((a, b) => a - b), shuffled.length];
        const deliveries: Delivery[] = edges.slice(1).map((end, index) => ({ records: shuffled.slice(edges[index], end) }));
        for (const at of interrupts) deliveries.splice(Math.min(at, deliveries.length), 0, "interrupt");
        return deliveries;
      });
    });
}

const zeros = { requests: 0, attempts: 0, errors: 0, inputTokens: 0, cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: 0 };

/** What the roll-ups must say, counted from the cases themselves. */
function expectedUsage(cases: readonly Case[]): Record<string, number> {
  const more = { reasoningTokens: 0, costNanoUsd: 0, estimatedRequests: 0, unpricedRequests: 0, interruptedRequests: 0 };
  const sums = { ...zeros, ...more };
  for (const { started, settled } of cases) {
    sums.attempts++;
    if (settled === null) {
      sums.requests++;
      sums.errors++;
      sums.interruptedRequests++;
      sums.estimatedRequests++;
      sums.inputTokens += started.inputTokensEstimate;
      continue;
    }
    sums.inputTokens += settled.usage.inputTokens;
    sums.cachedInputTokens += settled.usage.cachedInputTokens;
    sums.cacheWriteTokens += settled.usage.cacheWriteTokens;
    sums.outputTokens += settled.usage.outputTokens;
    sums.reasoningTokens += settled.usage.reasoningTokens;
    sums.costNanoUsd += settled.costNanoUsd ?? 0;
    if (!settled.final) continue;
    sums.requests++;
    if (settled.status >= 400 || settled.error !== null) sums.errors++;
    if (settled.usageSource === "estimated") sums.estimatedRequests++;
    if (settled.costNanoUsd === null && settled.status < 400) sums.unpricedRequests++;
  }
  return sums;
}

function expectedRow({ started, settled }: Case): Partial<AttemptRow> {
  if (settled === null) {
    return {
      state: "interrupted",
      error: "interrupted",
      settled_at: interruptedAtMs,
      final: 1,
      status: null,
      usage_source: "estimated",
      input_tokens: started.inputTokensEstimate,
      output_tokens: 0,
      token_details: null,
    };
  }
  return {
    state: "settled",
    error: settled.error,
    settled_at: settled.settledAtMs,
    final: settled.final ? 1 : 0,
    status: settled.status,
    usage_source: settled.usageSource,
    input_tokens: settled.usage.inputTokens,
    output_tokens: settled.usage.outputTokens,
    token_details: tokenDetailsColumnOf(settled.usage.details),
    cost_nano_usd: settled.costNanoUsd,
    duration_ms: Math.round(settled.durationMs),
    ttft_ms: settled.ttftMs === null ? null : Math.round(settled.ttftMs),
  };
}

function histogram(values: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(histogramBucket(value), (counts.get(histogramBucket(value)) ?? 0) + 1);
  return counts;
}

function sumsOf(rows: readonly UsageRow[]): Record<string, number> {
  const [row] = rows;
  if (row === undefined) return {};
  const { bucketMs: _bucket, model: _model, endpoint: _endpoint, keyId: _key, userId: _user, groupId: _group, ...sums } = row;
  return sums;
}

async function expectLedgerToShow(ledger: LedgerRepository, cases: readonly Case[], hour: number): Promise<void> {
  const range = { fromMs: hour, toMs: hour + hourMs };
  const rows = await ledger.attemptsOf(cases.map(({ started }) => started.requestId));
  expect(rows).toHaveLength(cases.length);
  for (const attempt of cases) expect(rows.find((row) => row.id === attempt.started.id)).toMatchObject(expectedRow(attempt));
  expect(sumsOf(await ledger.usage({ ...range, groupBy: [], bucket: null }))).toEqual(expectedUsage(cases));
  const settled = cases.flatMap((attempt) => attempt.settled ?? []);
  const durations = settled.filter((record) => record.final).map((record) => Math.round(record.durationMs));
  const firstTokens = settled.flatMap((record) => (record.ttftMs === null ? [] : Math.round(record.ttftMs)));
  expect(await ledger.latency({ ...range, metric: "duration" })).toEqual(histogram(durations));
  expect(await ledger.latency({ ...range, metric: "ttft" })).toEqual(histogram(firstTokens));
}

export function ledgerContract(database: ContractDatabase): void {
  describe("ledger", () => {
    test("any order, repetition and batching of the records gives the same rows and roll-ups", async () => {
      const { ledger } = database.storage;
      const arbitrary = fc
        .constant(null)
        .map(() => ({ hour: ownHour(), processId: newId("prc") }))
        .chain(({ hour, processId }) =>
          fc
            .array(caseArbitrary(hour, processId), { minLength: 1, maxLength: 6 })
            .chain((cases) => deliveryArbitrary(cases).map((deliveries) => ({ hour, processId, cases, deliveries }))),
        );
      const property = fc.asyncProperty(arbitrary, async ({ hour, processId, cases, deliveries }) => {
        for (const delivery of deliveries) {
          if (delivery === "interrupt") await ledger.interrupt(processId, interruptedAtMs);
          else await ledger.ingest(delivery.records);
        }
        await ledger.interrupt(processId, interruptedAtMs);
        await expectLedgerToShow(ledger, cases, hour);
      });
      // Shrinking would run a smaller case in the same hour as the one that failed, and report nonsense.
      await fc.assert(property, { numRuns: 60, endOnFailure: true });
    });

    test("writers that take the same records at the same time count each attempt once", async () => {
      const { storage, location } = database;
      const other = await openLedger(location);
      const persistently = async (work: () => Promise<unknown>) => {
        for (let left = 20; ; left--) {
          try {
            await work();
            return;
          } catch (error) {
            if (!(error instanceof StorageUnavailable) || left === 0) throw error;
            // The ledger's own connection waits for a lock in this very thread, which the lock's holder needs to go on.
            await new Promise((resolve) => setTimeout(resolve, 100));
          }
        }
      };
      try {
        for (let round = 0; round < 5; round++) {
          const hour = ownHour();
          const processId = newId("prc");
          const cases = fc.sample(caseArbitrary(hour, processId), 60);
          const started = cases.map((attempt) => attempt.started);
          const settled = cases.flatMap((attempt) => attempt.settled ?? []);
          const writers = [storage, other].map(async ({ ledger }, index) => {
            await persistently(() => ledger.ingest(started));
            if (index === round % 2) await persistently(() => ledger.interrupt(processId, interruptedAtMs));
            await persistently(() => ledger.ingest(index === 0 ? settled : [...settled].reverse()));
          });
          await Promise.all(writers);
          await storage.ledger.interrupt(processId, interruptedAtMs);
          await expectLedgerToShow(storage.ledger, cases, hour);
        }
      } finally {
        await other.close();
      }
    });

    test("says how many rows changed, and which processes have unsettled attempts", async () => {
      const { ledger } = database.storage;
      const processId = newId("prc");
      const started = startedAttempt({ processId });
      const settled = settledAttempt({ ...started, event: "settled" } as Partial<AttemptSettled>);
      expect(await ledger.ingest([])).toBe(0);
      expect(await ledger.ingest([started, startedAttempt()])).toBe(2);
      expect(await ledger.ingest([started])).toBe(0);
      expect(await ledger.unsettledProcesses()).toContain(processId);
      expect(await ledger.ingest([settled, started, settled])).toBe(1);
      expect(await ledger.ingest([started, settled])).toBe(0);
      expect(await ledger.unsettledProcesses()).not.toContain(processId);
      expect(await ledger.interrupt(processId, 1)).toBe(0);
    });

    test("every row keeps what its record says, in whatever company it comes, again or for the first time", async () => {
      const { ledger } = database.storage;
      const startMs = ownHour();
      const text = fc.constantFrom("a", "b", 'it\'s "c"', "d — é 😀");
      const textOrNull = fc.option(text);
      const changes = fc.record({
        offsetMs: fc.nat({ max: 3 }),
        attemptNo: fc.integer({ min: 1, max: 2 }),
        processId: text,
        keyId: textOrNull,
        userId: textOrNull,
        groupId: text,
        model: text,
        endpointId: text,
        endpoint: text,
        deploymentId: textOrNull,
        upstreamModel: text,
        method: text,
        path: text,
        stream: fc.boolean(),
        why: text,
        status: fc.constantFrom(200, 500),
        error: textOrNull,
        final: fc.boolean(),
        ttftMs: fc.option(natural),
        usageSource: fc.constantFrom("measured" as const, "estimated" as const),
        costNanoUsd: fc.option(natural),
        priceVersion: textOrNull,
      });
      /** Most rows share most of what they say. */
      const batch = fc
        .tuple(
          changes,
          fc.array(
            changes.chain((own) => fc.subarray(Object.keys(own)).map((names) => ({ own, names }))),
            { minLength: 1, maxLength: 90 },
          ),
        )
        .map(([shared, rows]) =>
          rows.map(({ own, names }) => {
            const given = {
              ...shared,
              ...Object.fromEntries(Object.entries(own).filter(([name]) => names.length < 12 && names.includes(name))),
            };
            return settledAttempt({ ...given, startedAtMs: startMs + given.offsetMs } as Partial<AttemptSettled>);
          }),
        );
      await fc.assert(
        fc.asyncProperty(batch, fc.nat(), async (records, seed) => {
          const before = records.filter((_, index) => (seed >> (index % 20)) % 2 === 1);
          expect(await ledger.ingest(before)).toBe(before.length);
          expect(await ledger.ingest(records)).toBe(records.length - before.length);
          const rows = await ledger.attemptsOf(records.map((record) => record.requestId));
          const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);
          expect(rows.sort(byId)).toEqual(records.map(attemptRow).sort(byId));
        }),
        { numRuns: 30, endOnFailure: true },
      );
    });

    test("a large batch is one transaction", async () => {
      const { ledger } = database.storage;
      const hour = ownHour();
      const records = Array.from({ length: 4500 }, () => settledAttempt({ startedAtMs: hour + 1 }));
      const broken = { ...settledAttempt({ startedAtMs: hour + 1 }), method: null } as unknown as LedgerRecord;
      await expect(ledger.ingest([...records, broken])).rejects.toThrow();
      const range = { fromMs: hour, toMs: hour + hourMs, groupBy: [], bucket: null } as const;
      expect(await ledger.usage(range)).toEqual([]);
      expect(await ledger.ingest(records)).toBe(4500);
      expect(await ledger.usage(range)).toMatchObject([{ requests: 4500, inputTokens: 45_000 }]);
    });

    test("takes part in the transaction it is called in", async () => {
      const { storage } = database;
      const record = settledAttempt({ startedAtMs: ownHour() });
      const work = storage.transaction(async (inside) => {
        expect(await inside.ledger.ingest([record])).toBe(1);
        throw new Error("on purpose");
      });
      await expect(work).rejects.toThrow("on purpose");
      expect(await storage.ledger.attemptsOf([record.requestId])).toEqual([]);
    });

    test("hostile text and numbers can't block the ledger", async () => {
      const { ledger } = database.storage;
      const hour = ownHour();
      const usage = {
        inputTokens: 1e300,
        cachedInputTokens: -5,
        cacheWriteTokens: Number.NaN,
        outputTokens: 1.4,
        reasoningTokens: 0,
      };
      const record = settledAttempt({
        startedAtMs: hour + 0.25,
        upstreamModel: "a\0b \ud83d c",
        path: "/v1/'; drop table attempts; -- \\u0000 😀",
        durationMs: 12.6,
        usage,
      });
      expect(await ledger.ingest([record])).toBe(1);
      expect(await ledger.attemptsOf([record.requestId])).toMatchObject([
        {
          started_at: hour,
          upstream_model: "a\ufffdb \ufffd c",
          path: record.path,
          duration_ms: 13,
          input_tokens: 2 ** 40,
          cached_input_tokens: 0,
          cache_write_tokens: 0,
          output_tokens: 1,
        },
      ]);
    });

    test("usage is grouped by what was asked for, in hours or UTC days", async () => {
      const { ledger } = database.storage;
      const day = 20_000 * 24 * hourMs; // far from the other tests' hours
      const attempt = (hour: number, changes: Partial<AttemptSettled>) =>
        settledAttempt({ startedAtMs: day + hour * hourMs + 7, ...changes });
      await ledger.ingest([
        attempt(1, { model: "a", endpoint: "x" }),
        attempt(1, { model: "a", endpoint: "y", keyId: null, userId: "usr_1" }),
        attempt(2, { model: "b", endpoint: "x", costNanoUsd: 5 }),
        attempt(25, { model: "a", endpoint: "x", status: 500 }),
        attempt(48, { model: "a" }),
      ]);
      const range = { fromMs: day, toMs: day + 48 * hourMs };
      const rows = await ledger.usage({ ...range, groupBy: ["model"], bucket: "day" });
      expect(rows).toMatchObject([
        { bucketMs: day, model: "a", endpoint: null, keyId: null, requests: 2, inputTokens: 20, unpricedRequests: 2 },
        { bucketMs: day, model: "b", requests: 1, costNanoUsd: 5, unpricedRequests: 0 },
        { bucketMs: day + 24 * hourMs, model: "a", requests: 1, errors: 1 },
      ]);
      const hours = await ledger.usage({ ...range, groupBy: [], bucket: "hour" });
      expect(hours.map((row) => [row.bucketMs, row.requests])).toEqual([
        [day + hourMs, 2],
        [day + 2 * hourMs, 1],
        [day + 25 * hourMs, 1],
      ]);
      const who = await ledger.usage({ ...range, groupBy: ["key", "user", "group", "endpoint"], bucket: null });
      expect(who.map((row) => [row.keyId, row.userId, row.groupId, row.endpoint, row.model, row.requests])).toEqual([
        ["", "usr_1", "grp_everyone", "y", null, 1],
        ["key_1", "", "grp_everyone", "x", null, 3],
      ]);
      expect(await ledger.latency({ ...range, metric: "duration", model: "b" })).toEqual(histogram([250]));
      expect(await ledger.latency({ ...range, metric: "duration" })).toEqual(histogram([250, 250, 250, 250]));
      expect(await ledger.usage({ fromMs: 0, toMs: 1, groupBy: [], bucket: null })).toEqual([]);
    });

    test("requests are paged newest first by their last attempt, and filtered", async () => {
      const { ledger } = database.storage;
      const hour = ownHour();
      const requestId = newId("req");
      const at = (offsetMs: number, changes: Partial<AttemptSettled> = {}) =>
        settledAttempt({ startedAtMs: hour + offsetMs, ...changes });
      const firstTry = at(1, { requestId, final: false, status: 500 });
      const secondTry = at(2, { requestId, attemptNo: 2 });
      const others = [
        at(3, { status: 404 }),
        at(4, { error: "stream_error" }),
        at(4, { model: "other", keyId: "key_other", endpoint: "elsewhere" }),
      ];
      const cutOff = startedAttempt({ startedAtMs: hour + 5, processId: newId("prc") });
      const underWay = startedAttempt({ startedAtMs: hour + 6 });
      await ledger.ingest([secondTry, firstTry, cutOff, underWay, ...others]);
      await ledger.interrupt(cutOff.processId, interruptedAtMs);

      const [notFound, broken, other] = others as [AttemptSettled, AttemptSettled, AttemptSettled];
      const sameTime = [broken, other].sort((a, b) => (a.id < b.id ? 1 : -1));
      const newestFirst = [underWay, cutOff, ...sameTime, notFound, secondTry].map((record) => record.id);
      const range = { fromMs: hour, toMs: hour + hourMs };
      const listed: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await ledger.pageOfRequests(range, { limit: 2, cursor });
        listed.push(...page.rows.map((row) => row.id));
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      expect(listed).toEqual(newestFirst);

      const ids = async (filter: Parameters<typeof ledger.pageOfRequests>[0]) =>
        (await ledger.pageOfRequests({ ...range, ...filter }, { limit: 100 })).rows.map((row) => row.id);
      expect(await ids({ outcome: "ok" })).toEqual([other.id, secondTry.id]);
      expect(await ids({ outcome: "error" })).toEqual([cutOff.id, broken.id, notFound.id]);
      for (const filter of [{ model: "other" }, { keyId: "key_other" }, { endpoint: "elsewhere" }])
        expect(await ids(filter)).toEqual([other.id]);
      expect(await ids({ toMs: hour + 4 })).toEqual([notFound.id, secondTry.id]);
      expect((await ledger.attemptsOf([requestId])).map((row) => row.id)).toEqual([firstTry.id, secondTry.id]);
      expect(await ledger.attemptsOf([])).toEqual([]);
    });

    test("old attempts go, their roll-ups stay", async () => {
      const { ledger } = database.storage;
      const startedAtMs = 3 * hourMs; // older than every other test's
      const old = Array.from({ length: 12_000 }, (_, index) =>
        settledAttempt({ startedAtMs: startedAtMs + index, model: "old" }),
      );
      const [kept] = old.slice(-1) as [AttemptSettled];
      await ledger.ingest(old);
      expect(await ledger.deleteBefore(kept.startedAtMs)).toBe(11_999);
      expect(await ledger.deleteBefore(kept.startedAtMs)).toBe(0);
      expect(await ledger.attemptsOf([kept.requestId])).toHaveLength(1);
      const usage = await ledger.usage({ fromMs: startedAtMs, toMs: startedAtMs + hourMs, groupBy: ["model"], bucket: null });
      expect(usage).toMatchObject([{ model: "old", requests: 12_000 }]);
    });
  });
}
