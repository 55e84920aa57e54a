// Each wait of an attempt ends when it should, on a fake clock.
import { describe, expect, test } from "vitest";
import { createFakeClock, type FakeClock } from "../../../test/support/fake-clock.ts";
import { Deadlines, type TimeoutName } from "./deadlines.ts";

function start(clock: FakeClock, timeouts: { firstByteMs?: number; idleMs?: number; totalMs?: number } = {}) {
  const fired: [TimeoutName, number][] = [];
  const startedAtMs = clock.nowMs();
  const deadlines = new Deadlines(
    clock,
    {
      firstByteMs: timeouts.firstByteMs ?? 1000,
      idleMs: timeouts.idleMs ?? 500,
      totalAtMs: startedAtMs + (timeouts.totalMs ?? 60_000),
    },
    { timedOut: (name) => fired.push([name, clock.nowMs() - startedAtMs]) },
  );
  return { deadlines, fired };
}

describe("the deadlines of an attempt", () => {
  test("the first byte is awaited from the moment the request was sent", async () => {
    const clock = createFakeClock();
    const { deadlines, fired } = start(clock);
    await clock.advance(5000);
    expect(fired).toEqual([]);
    deadlines.sent();
    await clock.advance(1000);
    expect(fired).toEqual([["first_byte", 6000]]);
  });

  test("silence counts from the last progress, however much there was", async () => {
    const clock = createFakeClock();
    const { deadlines, fired } = start(clock);
    deadlines.sent();
    for (let i = 0; i < 20; i++) {
      await clock.advance(400);
      deadlines.progress();
    }
    expect(fired).toEqual([]);
    await clock.advance(501);
    expect(fired).toEqual([["idle", 8500]]);
  });

  test("a total that was over before it began ends the attempt at once: that is no stall", async () => {
    const clock = createFakeClock();
    const { fired } = start(clock, { totalMs: -500 });
    await clock.advance(1);
    expect(fired.map(([name]) => name)).toEqual(["total"]);
  });

  test("silence does not count while the caller is the slow one", async () => {
    const clock = createFakeClock();
    const { deadlines, fired } = start(clock);
    deadlines.sent();
    deadlines.progress();
    deadlines.pause();
    await clock.advance(10_000);
    expect(fired).toEqual([]);
    deadlines.resume();
    await clock.advance(501);
    expect(fired.map(([name]) => name)).toEqual(["idle"]);
  });

  test("a pause is no progress: silence before and after it adds up", async () => {
    const clock = createFakeClock();
    const { deadlines, fired } = start(clock);
    deadlines.sent();
    deadlines.progress();
    for (let i = 0; i < 6; i++) {
      expect(fired).toEqual([]);
      await clock.advance(90);
      deadlines.pause();
      await clock.advance(1000);
      deadlines.resume();
    }
    expect(fired.map(([name]) => name)).toEqual(["idle"]);
  });
  test("the total ends even an answer that makes progress", async () => {
    const clock = createFakeClock();
    const { deadlines, fired } = start(clock, { totalMs: 2000 });
    deadlines.sent();
    for (let i = 0; i < 10; i++) {
      await clock.advance(300);
      deadlines.progress();
    }
    expect(fired[0]).toEqual(["total", 2000]);
  });

  describe("after a stall of the process itself", () => {
    /** Waits for a first byte for a second, during which the process stands still for five. */
    async function stall() {
      const clock = createFakeClock();
      let stalledMs = 0;
      const { deadlines, fired } = start({ ...clock, nowMs: () => clock.nowMs() + stalledMs });
      deadlines.sent();
      await clock.advance(500);
      stalledMs = 5000;
      await clock.advance(500);
      return { clock, deadlines, fired };
    }

    test("what came meanwhile is read before anybody is blamed", async () => {
      const { clock, deadlines, fired } = await stall();
      expect(fired).toEqual([]);
      await clock.advance(100);
      deadlines.progress();
      await clock.advance(450);
      deadlines.progress();
      await clock.advance(450);
      expect(fired).toEqual([]);
    });

    test("when nothing came, the wait ends a second later", async () => {
      const { clock, fired } = await stall();
      await clock.advance(999);
      expect(fired).toEqual([]);
      await clock.advance(1);
      expect(fired.map(([name]) => name)).toEqual(["first_byte"]);
    });
  });

  test("nothing fires after the end", async () => {
    const clock = createFakeClock();
    const { deadlines, fired } = start(clock);
    deadlines.sent();
    deadlines.stop();
    deadlines.progress();
    await clock.advance(100_000);
    expect(fired).toEqual([]);
  });
});
