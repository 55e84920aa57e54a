// The lines of the spool are what JSON.stringify makes of the records, whatever they hold and whatever came before.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { JsonBytes } from "../core/json-bytes.ts";
import { dialects } from "../domain/dialect.ts";
import type { AttemptOutcome, AttemptStarted } from "../domain/ledger-record.ts";
import { RecordEncoder } from "./record-encoder.ts";

/** Few values come often, as in life, so that lines share parts with those before them; others are anything. */
const text = fc.oneof(fc.constantFrom("a", "b"), fc.string(), fc.string({ unit: "binary", maxLength: 100 }));
const textOrNull = fc.option(text);
const count = fc.oneof(fc.nat(3), fc.maxSafeNat(), fc.double());
const countOrNull = fc.option(count);

const started: fc.Arbitrary<AttemptStarted> = fc.record({
  event: fc.constant("started" as const),
  id: text,
  requestId: text,
  attemptNo: count,
  processId: text,
  requestStartedAtMs: count,
  startedAtMs: count,
  keyId: textOrNull,
  userId: textOrNull,
  groupId: text,
  model: text,
  endpointId: text,
  endpoint: text,
  deploymentId: textOrNull,
  upstreamModel: text,
  dialect: fc.constantFrom(...dialects),
  priceVersion: textOrNull,
  method: text,
  path: text,
  stream: fc.boolean(),
  why: text,
  inputTokensEstimate: count,
  costEstimateNanoUsd: countOrNull,
});

const outcome: fc.Arbitrary<Required<AttemptOutcome>> = fc.record({
  settledAtMs: count,
  status: count,
  error: textOrNull,
  final: fc.boolean(),
  ttftMs: countOrNull,
  durationMs: count,
  usage: fc.record(
    {
      inputTokens: count,
      cachedInputTokens: count,
      cacheWriteTokens: count,
      outputTokens: count,
      reasoningTokens: count,
      details: fc.record({ cacheWrite1hTokens: count, inputAudioTokens: count }, { requiredKeys: [] }),
    },
    { requiredKeys: ["inputTokens", "cachedInputTokens", "cacheWriteTokens", "outputTokens", "reasoningTokens"] },
  ),
  usageSource: fc.constantFrom("measured" as const, "estimated" as const),
  costNanoUsd: countOrNull,
  responseId: textOrNull,
});

describe("RecordEncoder", () => {
  test("writes what JSON.stringify would", () => {
    const encoder = new RecordEncoder();
    const calls = fc.array(fc.tuple(started, outcome), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(calls, (records) => {
        const bytes = new JsonBytes(64);
        for (const [one, end] of records) {
          encoder.started(bytes, one);
          encoder.settled(bytes, one, end);
          encoder.settled(bytes, structuredClone(one), end);
        }
        // The third is of a start that this process has not written.
        const lines = records.flatMap(([one, end]) => {
          const settled = { ...one, ...end, event: "settled" };
          return [one, settled, settled];
        });
        expect(bytes.toString()).toBe(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
      }),
    );
  });

  // Each part that is kept for the next record is kept under one field only: the others have to be compared.
  test("a record that differs from the one before in any one field is written with that difference", () => {
    fc.assert(
      fc.property(started, started, outcome, outcome, (one, other, end, otherEnd) => {
        for (const name of Object.keys(one)) check({ ...one, [name]: other[name as keyof AttemptStarted] }, end);
        for (const name of Object.keys(end)) check(one, { ...end, [name]: otherEnd[name as keyof AttemptOutcome] });

        function check(changed: AttemptStarted, changedEnd: AttemptOutcome): void {
          const encoder = new RecordEncoder();
          encoder.settled(new JsonBytes(), one, end);
          const bytes = new JsonBytes();
          encoder.settled(bytes, changed, changedEnd);
          expect(JSON.parse(bytes.toString())).toEqual(
            JSON.parse(JSON.stringify({ ...changed, ...changedEnd, event: "settled" })),
          );
        }
      }),
      { numRuns: 30 },
    );
  });

  test("leaves out what an outcome doesn't have", () => {
    const bytes = new JsonBytes();
    const [one] = fc.sample(started, 1) as [AttemptStarted];
    const [{ responseId, ...end }] = fc.sample(outcome, 1) as [Required<AttemptOutcome>];
    new RecordEncoder().settled(bytes, one, end);
    expect(bytes.toString()).toBe(`${JSON.stringify({ ...one, ...end, event: "settled" })}\n`);
  });

  test("stays right with more different keys than it keeps", () => {
    const encoder = new RecordEncoder();
    const [one] = fc.sample(started, 1) as [AttemptStarted];
    const records = Array.from({ length: 10_000 }, (_, index) => ({ ...one, keyId: `key_${index}` }));
    const bytes = new JsonBytes();
    for (const record of records) encoder.started(bytes, record);
    expect(bytes.toString() === records.map((record) => `${JSON.stringify(record)}\n`).join("")).toBe(true);
  });
});
