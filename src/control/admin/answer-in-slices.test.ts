// A list answered in slices is the list answered at once, and leaves the thread to others in between.
import { expect, it } from "vitest";
import { z } from "zod";
import { answerInSlices } from "./answer-in-slices.ts";

const list = z.object({ data: z.array(z.object({ text: z.string() })), next_cursor: z.string().nullable(), more: z.string() });
const rest = { data: [], next_cursor: null, more: '"data":[]' } as const;

it.each([0, 1, 50, 51, 333])("is the same text as of all rows at once: %i rows", async (count) => {
  const rows = Array.from({ length: count }, (_, index) => `"data":[] $& ${index}`);
  const text = await answerInSlices(list, rest, rows, (row) => ({ text: row, secret: "left out" }));
  expect(JSON.parse(text)).toEqual({ ...rest, data: rows.map((row) => ({ text: row })) });
  expect(text).toBe(JSON.stringify({ data: rows.map((row) => ({ text: row })), next_cursor: null, more: rest.more }));
});

it("lets others have their turn between slices", async () => {
  let turns = 0;
  const count = () => {
    turns++;
    ticking = setImmediate(count);
  };
  let ticking = setImmediate(count);
  await answerInSlices(list, rest, Array.from({ length: 1000 }, String), (text) => ({ text }));
  clearImmediate(ticking);
  expect(turns).toBeGreaterThanOrEqual(19);
});

it("refuses rows that are not what the schema says", async () => {
  const wrong = answerInSlices(list, rest, [1], (row) => ({ text: row as never }));
  await expect(wrong).rejects.toThrow();
});
