// A report read in slices asks few questions, whatever its range.
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../../../../test/support/database.ts";
import { settledAttempt } from "../../../../test/support/ledger-records.ts";
import type { UsageQuery } from "../../../storage/ports/usage.ts";
import { type UsageSlice, usageSlices } from "./usage-slices.ts";

const dayMs = 86_400_000;
const startMs = Date.parse("2026-03-10T12:00:00Z");
const ever: UsageQuery = {
  fromMs: Date.parse("0001-01-01T00:00:00Z"),
  toMs: Date.parse("9999-12-31T00:00:00Z"),
  groupBy: [],
  bucket: "hour",
};

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase("sqlite");
});
afterAll(() => database.remove());

async function read(query: UsageQuery) {
  const { ledger } = database.storage;
  let questions = 0;
  const counting = {
    usageSpan: () => ledger.usageSpan(),
    usage: (asked: UsageQuery) => {
      questions++;
      return ledger.usage(asked);
    },
  };
  const slices: UsageSlice[] = [];
  for await (const slice of usageSlices(counting, query)) slices.push(slice);
  return { questions, rows: slices.flatMap(({ rows }) => rows), progress: slices.map(({ progress }) => progress) };
}

test("all of time is what there is usage of: few questions, none where there is none, each row once and in order", async () => {
  expect(await read(ever)).toEqual({ questions: 0, rows: [], progress: [1] });
  const times = [0, 5 * dayMs, 300 * dayMs].map((afterMs) => startMs + afterMs);
  await database.storage.ledger.ingest(times.map((startedAtMs) => settledAttempt({ startedAtMs })));
  for (const bucket of ["hour", "day"] as const) {
    const { questions, rows, progress } = await read({ ...ever, bucket });
    expect(questions).toBeLessThan(15);
    expect(rows.map(({ bucketMs }) => bucketMs)).toEqual(times.map((time) => time - (bucket === "day" ? time % dayMs : 0)));
    expect([progress.toSorted((a, b) => a - b), progress.at(-1)]).toEqual([progress, 1]);
  }
  expect((await read({ ...ever, fromMs: startMs + dayMs, toMs: startMs + 6 * dayMs })).rows).toHaveLength(1);
  expect(await read({ ...ever, toMs: startMs - dayMs })).toEqual({ questions: 0, rows: [], progress: [1] });
  expect((await read({ ...ever, bucket: null })).rows).toMatchObject([{ bucketMs: null, requests: 3 }]);
});
