// Limits typed in a form: what is sent for a new holder and for one that is there.
import { describe, expect, test } from "vitest";
import { limitsPatch, newLimits, typedLimits } from "./typed-limits.ts";

const all = {
  requests_per_second: 5,
  requests_per_minute: 60,
  tokens_per_minute: 10_000,
  concurrent_requests: 4,
  budget_usd: 0.0000005,
  budget_period: "week",
  budget_timezone: "Europe/Zurich",
  budget_unpriced: "allow",
} as const;

describe("typed limits", () => {
  test("what was read is sent again as it was, small sums without an exponent", () => {
    expect(typedLimits(all).budgetUsd).toBe("0.0000005");
    expect(limitsPatch(typedLimits(all))).toEqual(all);
    expect(newLimits(typedLimits(all))).toEqual(all);
  });

  test("an emptied budget takes its period, time zone and rule back with it", () => {
    expect(limitsPatch({ ...typedLimits(all), budgetUsd: " " })).toEqual({
      ...all,
      budget_usd: null,
      budget_period: null,
      budget_timezone: null,
      budget_unpriced: null,
    });
  });

  test("nothing typed is no limits", () => {
    expect(newLimits(typedLimits(null))).toBeNull();
    expect(new Set(Object.values(limitsPatch(typedLimits(null))))).toEqual(new Set([null]));
  });

  test("a budget of nothing is a budget", () => {
    expect(newLimits({ ...typedLimits(null), budgetUsd: "0" })).toMatchObject({ budget_usd: 0, budget_period: "month" });
  });

  test("a budget that says no time zone is in UTC, a new one where the browser is", () => {
    expect(typedLimits({ budget_usd: 1 }).budgetTimeZone).toBe("UTC");
    expect(typedLimits(null).budgetTimeZone).toBe(Intl.DateTimeFormat().resolvedOptions().timeZone);
  });
});
