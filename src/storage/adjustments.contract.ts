// What corrections of cost guarantee, for every engine: all that is summed agrees with the attempts and their adjustments.
import { describe, expect, test } from "vitest";
import { settledAttempt, startedAttempt } from "../../test/support/ledger-records.ts";
import { newId } from "../core/ids.ts";
import type { AdjustmentRow, AttemptRow } from "./ports/ledger.ts";
import type { ContractDatabase } from "./storage.contract.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
let lastDay = 80_000;
/** Days that no other test writes to. */
function ownDay(): number {
  lastDay += 10;
  return lastDay * dayMs;
}

function adjustment({ started_at, id, ...attempt }: AttemptRow, changes: Partial<AdjustmentRow> = {}): AdjustmentRow {
  return {
    attempt_started_at: started_at,
    attempt_id: id,
    id: newId("adj"),
    at: started_at + dayMs,
    delta_nano_usd: 100,
    unpriced_requests: 0,
    price_version: "v2",
    reason: "reprice",
    batch_id: "bat_1",
    model: attempt.model,
    endpoint_id: attempt.endpoint_id,
    endpoint: attempt.endpoint,
    key_id: attempt.key_id,
    user_id: attempt.user_id,
    group_id: attempt.group_id,
    ...changes,
  };
}

export function adjustmentsContract(database: ContractDatabase): void {
  describe("adjustments", () => {
    test("change usage, spend and the minutes of an overview, of summed days too, and no row of an attempt", async () => {
      const { ledger, adjustments, overview } = database.storage;
      const [day, model] = [ownDay(), newId("mdl")];
      const of = (offsetMs: number, costNanoUsd: number | null, keyId: string | null) =>
        settledAttempt({ model, startedAtMs: day + offsetMs, costNanoUsd, keyId, requestId: `${model} ${offsetMs}` });
      await ledger.ingest([of(1000, 50, "key_a"), of(hourMs - 1, null, "key_b"), of(hourMs, 7, null)]);
      await ledger.sumDays(day + 3 * dayMs);
      const requestIds = [1000, hourMs - 1, hourMs].map((offsetMs) => `${model} ${offsetMs}`);
      const attempts = await ledger.attemptsOf(requestIds);
      const [priced, unpriced, other] = requestIds.map((id) => attempts.find((row) => row.request_id === id) as AttemptRow);
      await adjustments.insert([
        adjustment(priced as AttemptRow, { delta_nano_usd: -20 }),
        adjustment(unpriced as AttemptRow, { delta_nano_usd: 400, unpriced_requests: -1 }),
      ]);
      await adjustments.insert([adjustment(other as AttemptRow, { delta_nano_usd: 3 })]);
      await adjustments.insert([]);

      const query = { fromMs: day, toMs: day + 2 * dayMs, groupBy: ["model" as const], bucket: null };
      const sums = { requests: 3, attempts: 3, costNanoUsd: 440, unpricedRequests: 0 };
      expect(await ledger.usage(query)).toMatchObject([sums]);
      await ledger.sumDays(day + 3 * dayMs);
      expect(await ledger.usage(query)).toMatchObject([sums]);
      expect(await overview.attemptUsage({ fromMs: day, toMs: day + 2 * dayMs, bucket: null })).toMatchObject([sums]);
      const spent = [0, day + 1001, day + hourMs].map((startMs) => ({ kind: "model" as const, id: model, startMs }));
      expect(await ledger.spendOf(spent)).toEqual([440, 410, 10]);
      expect(await ledger.attemptsOf(requestIds)).toEqual(attempts);
    });

    test("are found by their attempts, oldest first", async () => {
      const { ledger, adjustments } = database.storage;
      const startedAtMs = ownDay();
      const records = [0, 1, 2].map((index) => settledAttempt({ startedAtMs: startedAtMs + index }));
      await ledger.ingest(records);
      const rows = await ledger.attemptsOf(records.map(({ requestId }) => requestId));
      const [one, two] = rows as [AttemptRow, AttemptRow];
      const later = adjustment(one, { at: 20 });
      const earlier = adjustment(one, { at: 10, price_version: null });
      const another = adjustment(two);
      await adjustments.insert([later, another]);
      await adjustments.insert([earlier]);
      const found = await adjustments.ofAttempts(rows);
      expect(found).toEqual(
        new Map([
          [one.id, [earlier, later]],
          [two.id, [another]],
        ]),
      );
      expect(await adjustments.ofAttempts([])).toEqual(new Map());
    });

    test("attempts that are over come by the slice, each once, with what corrects them", async () => {
      const { storage } = database;
      const [day, model] = [ownDay(), newId("mdl")];
      const settled = Array.from({ length: 7 }, (_, index) =>
        settledAttempt({ model: index === 3 ? `${model} b` : model, startedAtMs: day + Math.floor(index / 3) }),
      );
      await storage.ledger.ingest([...settled, startedAttempt({ model, startedAtMs: day })]);
      const [first] = await storage.ledger.attemptsOf([(settled[0] as { requestId: string }).requestId]);
      const correction = adjustment(first as AttemptRow);
      await storage.adjustments.insert([correction]);
      const slices = (range: { fromMs: number; toMs: number; model?: string }) =>
        storage.transaction(async ({ adjustments }) => {
          const ids: string[] = [];
          let after: AttemptRow | null = null;
          for (;;) {
            const slice = await adjustments.settledAttempts(range, after, { limit: 2, forUpdate: true });
            if (slice.length === 0) return ids;
            for (const { attempt, adjustments: corrections } of slice) {
              ids.push(attempt.id);
              expect(corrections).toEqual(attempt.id === first?.id ? [correction] : []);
              after = attempt;
            }
          }
        });
      const ids = settled.map(({ id }) => id);
      expect((await slices({ fromMs: day, toMs: day + 10 })).sort()).toEqual([...ids].sort());
      expect((await slices({ fromMs: day + 1, toMs: day + 2 })).sort()).toEqual(ids.slice(3, 6).sort());
      expect(await slices({ fromMs: day, toMs: day + 10, model: `${model} b` })).toEqual(ids.slice(3, 4));
    });

    test("go with their attempts, and leave what is summed as it is", async () => {
      const { ledger, adjustments } = database.storage;
      const model = newId("mdl");
      // Long ago: nothing of other tests is deleted with it.
      const records = [2 * dayMs, 3 * dayMs].map((startedAtMs) => settledAttempt({ model, startedAtMs, costNanoUsd: 5 }));
      await ledger.ingest(records);
      const rows = await ledger.attemptsOf(records.map(({ requestId }) => requestId));
      await adjustments.insert(rows.map((row) => adjustment(row)));
      await ledger.deleteBefore(2 * dayMs + 1);
      const [kept] = await ledger.attemptsOf(records.map(({ requestId }) => requestId));
      expect(kept?.started_at).toBe(3 * dayMs);
      expect([...(await adjustments.ofAttempts(rows)).keys()]).toEqual([kept?.id]);
      expect(await ledger.spendOf([{ kind: "model", id: model, startMs: 0 }])).toEqual([210]);
    });

    test("of a failed transaction are not there, in no sum", async () => {
      const { storage } = database;
      const [day, model] = [ownDay(), newId("mdl")];
      const record = settledAttempt({ model, startedAtMs: day, costNanoUsd: 5 });
      await storage.ledger.ingest([record]);
      const rows = await storage.ledger.attemptsOf([record.requestId]);
      const work = storage.transaction(async ({ adjustments }) => {
        await adjustments.insert(rows.map((row) => adjustment(row)));
        throw new Error("on purpose");
      });
      await expect(work).rejects.toThrow("on purpose");
      expect(await storage.adjustments.ofAttempts(rows)).toEqual(new Map());
      expect(await storage.ledger.spendOf([{ kind: "model", id: model, startMs: day }])).toEqual([5]);
    });
  });
}
