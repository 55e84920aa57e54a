// The ratio of failures over the last thirty seconds.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OutcomeWindow } from "./outcome-window.ts";

describe("OutcomeWindow", () => {
  test("counts what the plain list of the last thirty seconds has, whatever the times", () => {
    const outcomes = fc.array(fc.record({ afterMs: fc.oneof(fc.nat(1500), fc.nat(40_000)), ok: fc.boolean() }));
    fc.assert(
      fc.property(outcomes, (list) => {
        const window = new OutcomeWindow();
        const seen: { second: number; ok: boolean }[] = [];
        let nowMs = 1_700_000_000_000;
        for (const { afterMs, ok } of list) {
          nowMs += afterMs;
          if (ok) window.succeeded(nowMs);
          else window.failed(nowMs);
          seen.push({ second: Math.floor(nowMs / 1000), ok });
          const recent = seen.filter(({ second }) => second > Math.floor(nowMs / 1000) - 30);
          expect(window.total(nowMs)).toBe(recent.length);
          expect(window.failureRatio(nowMs)).toBeCloseTo(recent.filter((outcome) => !outcome.ok).length / recent.length, 10);
        }
      }),
    );
  });

  test("an answer that breaks off turns from a success into a failure", () => {
    const window = new OutcomeWindow();
    window.succeeded(1000);
    window.succeeded(5000);
    window.brokeOff(1000, 9000);
    expect(window.total(9000)).toBe(2);
    expect(window.failureRatio(9000)).toBe(0.5);
  });

  test("an answer that breaks off after its success has left the window, or was cleared, is only a failure", () => {
    const window = new OutcomeWindow();
    window.succeeded(1000);
    window.brokeOff(1000, 60_000);
    expect(window.total(60_000)).toBe(1);
    window.clear();
    expect(window.failureRatio(60_000)).toBeNull();
    window.brokeOff(59_000, 61_000);
    expect(window.total(61_000)).toBe(1);
    expect(window.failureRatio(61_000)).toBe(1);
  });

  test("a clock that steps back loses and invents nothing", () => {
    const window = new OutcomeWindow();
    window.succeeded(100_000);
    window.failed(40_000);
    expect(window.total(100_000)).toBe(2);
    expect(window.total(129_999)).toBe(2);
    expect(window.total(130_000)).toBe(0);
  });
});
