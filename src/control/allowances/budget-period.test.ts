// Periods begin at midnight of the budget's zone, hold every moment exactly once, and are as long as its clocks make them.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isTimeZone } from "../../domain/time-zone.ts";
import { periodOf } from "./budget-period.ts";

const hourMs = 3_600_000;
const zones = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "America/St_Johns",
  "America/Sao_Paulo",
  "America/Havana",
  "Asia/Kathmandu",
  "Asia/Beirut",
  "Africa/Cairo",
  "Australia/Lord_Howe",
  "Pacific/Apia",
  "Pacific/Kiritimati",
  "Pacific/Niue",
];

function at(text: string): number {
  return Date.parse(text);
}

function period(name: "day" | "week" | "month", timeZone: string, time: string): [string, string] {
  const { startMs, endMs } = periodOf({ period: name, timeZone }, at(time));
  return [new Date(startMs).toISOString(), new Date(endMs as number).toISOString()];
}

describe("days", () => {
  test("are of 23 and 25 hours where clocks change", () => {
    expect(period("day", "Europe/Berlin", "2026-03-29T12:00:00Z")).toEqual([
      "2026-03-28T23:00:00.000Z",
      "2026-03-29T22:00:00.000Z",
    ]);
    expect(period("day", "Europe/Berlin", "2026-10-25T12:00:00Z")).toEqual([
      "2026-10-24T22:00:00.000Z",
      "2026-10-25T23:00:00.000Z",
    ]);
    expect(period("day", "America/New_York", "2026-03-08T12:00:00Z")).toEqual([
      "2026-03-08T05:00:00.000Z",
      "2026-03-09T04:00:00.000Z",
    ]);
    // Lord Howe moves by half an hour.
    expect(period("day", "Australia/Lord_Howe", "2026-04-04T20:00:00Z")).toEqual([
      "2026-04-04T13:00:00.000Z",
      "2026-04-05T13:30:00.000Z",
    ]);
  });

  test("begin at quarters of an hour too", () => {
    expect(period("day", "Asia/Kathmandu", "2026-11-22T18:15:00Z")).toEqual([
      "2026-11-22T18:15:00.000Z",
      "2026-11-23T18:15:00.000Z",
    ]);
    expect(period("day", "Asia/Kathmandu", "2026-11-22T18:14:59.999Z")[0]).toBe("2026-11-21T18:15:00.000Z");
    expect(period("day", "America/St_Johns", "2026-11-22T12:00:00Z")).toEqual([
      "2026-11-22T03:30:00.000Z",
      "2026-11-23T03:30:00.000Z",
    ]);
  });

  test("begin when the clocks are set where there is no midnight", () => {
    // Cairo goes from 0:00 to 1:00 on the last Friday of April.
    expect(period("day", "Africa/Cairo", "2026-04-24T12:00:00Z")).toEqual([
      "2026-04-23T22:00:00.000Z",
      "2026-04-24T21:00:00.000Z",
    ]);
  });

  test("that clocks show twice begin once: St. John's went from 0:01 back to 23:01", () => {
    const first = period("day", "America/St_Johns", "2010-11-07T02:30:30Z");
    expect(first[0]).toBe("2010-11-07T02:30:00.000Z");
    expect(period("day", "America/St_Johns", "2010-11-07T03:00:00Z")).toEqual(first);
  });

  test("that were left out have no time: Samoa had no 30 December 2011", () => {
    expect(period("day", "Pacific/Apia", "2011-12-30T09:59:59Z")[1]).toBe("2011-12-30T10:00:00.000Z");
    expect(period("day", "Pacific/Apia", "2011-12-30T10:00:00Z")).toEqual([
      "2011-12-30T10:00:00.000Z",
      "2011-12-31T10:00:00.000Z",
    ]);
  });
});

test("weeks begin on Monday, months on the first", () => {
  // 22 November 2026 is a Sunday.
  expect(period("week", "UTC", "2026-11-22T23:59:59Z")).toEqual(["2026-11-16T00:00:00.000Z", "2026-11-23T00:00:00.000Z"]);
  expect(period("week", "UTC", "2026-11-23T00:00:00Z")[0]).toBe("2026-11-23T00:00:00.000Z");
  expect(period("month", "Europe/Berlin", "2026-12-31T23:00:00Z")).toEqual([
    "2026-12-31T23:00:00.000Z",
    "2027-01-31T23:00:00.000Z",
  ]);
  expect(period("month", "UTC", "2028-02-29T12:00:00Z")).toEqual(["2028-02-01T00:00:00.000Z", "2028-03-01T00:00:00.000Z"]);
  expect(periodOf({ period: "total", timeZone: "UTC" }, at("2026-11-22T12:00:00Z"))).toEqual({ startMs: 0, endMs: null });
});

test("every moment is in exactly one period, whatever the zone, and whatever was asked before", () => {
  const times = fc.integer({ min: at("1995-01-01T00:00:00Z"), max: at("2037-12-31T00:00:00Z") });
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      fc.constantFrom("day" as const, "week" as const, "month" as const),
      times,
      (timeZone, name, nowMs) => {
        const budget = { period: name, timeZone };
        const { startMs, endMs } = periodOf(budget, nowMs);
        const until = endMs as number;
        expect(startMs).toBeLessThanOrEqual(nowMs);
        expect(until).toBeGreaterThan(nowMs);
        // Its neighbours begin where it ends, whichever side they are asked from.
        expect(periodOf(budget, until).startMs).toBe(until);
        expect(periodOf(budget, startMs - 1).endMs).toBe(startMs);
        expect(periodOf(budget, startMs)).toEqual({ startMs, endMs });
        expect(periodOf(budget, until - 1)).toEqual({ startMs, endMs });
        const hours = (until - startMs) / hourMs;
        const [least, most] = { day: [22, 26], week: [6 * 24, 7 * 24 + 2], month: [27 * 24, 31 * 24 + 2] }[name] as [
          number,
          number,
        ];
        expect(hours).toBeGreaterThanOrEqual(least);
        expect(hours).toBeLessThanOrEqual(most);
      },
    ),
    { numRuns: 300 },
  );
});

test("a zone is the name of one, not an offset, and nothing else", () => {
  for (const zone of zones) expect(isTimeZone(zone)).toBe(true);
  for (const not of ["", "Mars/Phobos", "+01:00", "-05", "Europe/Berlin; drop", "UTC ", "null", "x".repeat(100)]) {
    expect(isTimeZone(not)).toBe(false);
  }
});
