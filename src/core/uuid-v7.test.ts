// Ids are UUIDv7 of RFC 9562, never the same twice, and in the order of their making.
import { describe, expect, test } from "vitest";
import { newId } from "./ids.ts";
import { UuidV7Source } from "./uuid-v7.ts";

const timeOf = (uuid: string) => Number.parseInt(uuid.slice(0, 12), 16);

describe("UuidV7Source", () => {
  test("has time, version and variant where RFC 9562 puts them", () => {
    const before = Date.now();
    for (let index = 0; index < 1000; index++) {
      const uuid = new UuidV7Source().next();
      expect(uuid).toMatch(/^[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
      expect(timeOf(uuid)).toBeGreaterThanOrEqual(before);
      expect(timeOf(uuid)).toBeLessThanOrEqual(Date.now());
    }
  });

  test("a million are all different, each greater than the one before", () => {
    const source = new UuidV7Source();
    const seen = new Set<string>();
    let last = "";
    for (let index = 0; index < 1_000_000; index++) {
      const uuid = source.next();
      if (uuid <= last) expect(uuid > last).toBe(true);
      seen.add(uuid);
      last = uuid;
    }
    expect(seen.size).toBe(1_000_000);
  });

  test("they grow within a millisecond too, past every carry of the counter, and say that millisecond", () => {
    const source = new UuidV7Source(() => 1_730_000_000_000);
    let last = "";
    for (let index = 0; index < 100_000; index++) {
      const uuid = source.next();
      if (uuid <= last) expect(uuid > last).toBe(true);
      if (timeOf(uuid) !== 1_730_000_000_000) expect(timeOf(uuid)).toBe(1_730_000_000_000);
      last = uuid;
    }
  });

  test("a clock that is set back a little doesn't change the order; one set back by much is followed", () => {
    let nowMs = 1_730_000_000_000;
    const source = new UuidV7Source(() => nowMs);
    const first = source.next();
    nowMs -= 10_000;
    const second = source.next();
    expect(second > first).toBe(true);
    expect(timeOf(second)).toBe(1_730_000_000_000);
    nowMs -= 1;
    expect(timeOf(source.next())).toBe(nowMs);
  });

  // 62 random or counted bits: what two processes make in the same millisecond has to differ in most of them.
  test("every bit that may vary does, from one millisecond to the next", () => {
    let nowMs = 1_730_000_000_000;
    const source = new UuidV7Source(() => nowMs++);
    const ones = new Array<number>(128).fill(0);
    for (let index = 0; index < 2000; index++) {
      const bits = BigInt(`0x${source.next()}`).toString(2).padStart(128, "0");
      for (let bit = 48; bit < 128; bit++) if (bits[bit] === "1") ones[bit] = (ones[bit] as number) + 1;
    }
    const fixed = [...ones.keys()].slice(48).filter((bit) => (ones[bit] as number) < 800 || (ones[bit] as number) > 1200);
    // version, the counter's uppermost bit, variant
    expect(fixed).toEqual([48, 49, 50, 51, 52, 64, 65]);
  });

  test("what one source makes, no other does", () => {
    const sources = [new UuidV7Source(() => 1), new UuidV7Source(() => 1)] as const;
    const uuids = Array.from({ length: 1000 }, () => sources.map((source) => source.next())).flat();
    expect(new Set(uuids).size).toBe(2000);
  });
});

describe("newId", () => {
  test("puts what it names in front", () => {
    expect(newId("req")).toMatch(/^req_[0-9a-f]{32}$/);
    const [first, second] = [newId("att"), newId("att")];
    expect(first < second).toBe(true);
  });
});
