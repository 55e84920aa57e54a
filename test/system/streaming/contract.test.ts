// The tables of docs/streaming.md have the rows that the tests beside this one hold Headgate to, and no others.
import { expect, test } from "vitest";
import { callerSees, contractRows } from "./contract.ts";
import { callerRows, drainRows, failureRows } from "./rows.ts";
import { streamKinds } from "./stream-kinds.ts";

test("every row of the page is tested, and every tested row is on the page", () => {
  expect([...contractRows].sort()).toEqual([...failureRows, ...callerRows, ...drainRows].sort());
});

test.each(contractRows)("%s: no cell is empty", (row) => {
  for (const kind of streamKinds) expect(callerSees(row, kind)).not.toBe("");
});
