// Times as people say them.
import { expect, test } from "vitest";
import { relativeTime } from "./relative-time.ts";

const nowMs = Date.parse("2026-11-22T12:00:00.000Z");

test.each([
  ["2026-11-22T12:00:00.400Z", "now"],
  ["2026-11-22T11:59:59.000Z", "1s ago"],
  ["2026-11-22T11:57:01.000Z", "2m ago"],
  ["2026-11-21T12:00:00.000Z", "1d ago"],
  ["2025-11-22T12:00:00.000Z", "1y ago"],
  ["2026-11-22T15:30:00.000Z", "in 3h"],
  [null, ""],
])("%s is %j", (time, text) => {
  expect(relativeTime(time, nowMs)).toBe(text);
});
