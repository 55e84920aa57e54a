// How many passwords can be tried: few at one account, not many from one address, and no more however they are spread.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SignInThrottle } from "./sign-in-throttle.ts";

const minuteMs = 60_000;
const start = 1_800_000_000_000;

/** How many of `tries` are let through at `nowMs`, all of which fail. */
function failures(throttle: SignInThrottle, tries: readonly [account: string, address: string][], nowMs = start): number {
  return tries.filter(([account, address]) => typeof throttle.begin(account, address, nowMs) !== "number").length;
}

const times = <T>(count: number, of: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => of(index));

describe("tries", () => {
  test("at one account from one address: ten in a quarter of an hour, and the wait is told to the millisecond", () => {
    const throttle = new SignInThrottle();
    for (let minute = 0; minute < 10; minute++) expect(failures(throttle, [["ada@x", "a"]], start + minute * minuteMs)).toBe(1);
    const waitMs = throttle.begin("ada@x", "a", start + 10 * minuteMs);
    expect(waitMs).toBe(5 * minuteMs);
    expect(throttle.begin("ada@x", "a", start + 15 * minuteMs - 1)).toBe(1);
    expect(failures(throttle, [["ada@x", "a"]], start + 15 * minuteMs)).toBe(1);
    expect(throttle.begin("ada@x", "a", start + 15 * minuteMs)).toBe(minuteMs);
  });

  test("count for the account however it is written, and for others and other addresses not", () => {
    const throttle = new SignInThrottle();
    expect(
      failures(
        throttle,
        times(12, (index) => [index % 2 ? " ADA@x" : "ada@X ", "a"]),
      ),
    ).toBe(10);
    expect(
      failures(throttle, [
        ["bob@x", "a"],
        ["ada@x", "b"],
      ]),
    ).toBe(2);
  });

  test("from one address at many accounts: a hundred", () => {
    expect(
      failures(
        new SignInThrottle(),
        times(150, (index) => [`user${index}`, "a"]),
      ),
    ).toBe(100);
  });

  test("at one account from many addresses: a hundred, which keep nobody out from where they usually are", () => {
    const throttle = new SignInThrottle();
    const usual = throttle.begin("ada@x", "home", start);
    if (typeof usual !== "number") usual.succeeded();
    expect(
      failures(
        throttle,
        times(300, (index) => ["ada@x", `address ${index}`]),
      ),
    ).toBe(100);
    expect(failures(throttle, [["ada@x", "home"]])).toBe(1);
    expect(failures(throttle, [["ada@x", "elsewhere"]])).toBe(0);
  });

  test("that succeed count as none, and take back the failures before them there, not those at other accounts", () => {
    const throttle = new SignInThrottle({ ofAddressMax: 15 });
    for (let round = 0; round < 3; round++) {
      expect(
        failures(
          throttle,
          times(4, () => ["ada@x", "a"]),
        ),
      ).toBe(4);
      const right = throttle.begin("ada@x", "a", start);
      expect(typeof right).toBe("object");
      if (typeof right !== "number") right.succeeded();
    }
    // Twelve failures of the address stand: an account of one's own does not buy more of them.
    expect(
      failures(
        throttle,
        times(5, (index) => [`other${index}`, "a"]),
      ),
    ).toBe(3);
  });

  test("before somebody showed in another way whose account it is are forgiven there, and nowhere else", () => {
    const throttle = new SignInThrottle();
    for (const address of ["a", "b"])
      failures(
        throttle,
        times(10, () => ["ada@x", address]),
      );
    throttle.forgive("ADA@x", "a");
    expect(failures(throttle, [["ada@x", "a"]])).toBe(1);
    expect(failures(throttle, [["ada@x", "b"]])).toBe(0);
  });

  test("at which nobody has looked are none, anywhere", () => {
    const throttle = new SignInThrottle({ ofPairMax: 1, ofAddressMax: 1, ofAccountMax: 1 });
    for (let round = 0; round < 3; round++) {
      const begun = throttle.begin("ada@x", "a", start);
      expect(typeof begun).toBe("object");
      if (typeof begun !== "number") begun.withdrawn();
    }
    expect(failures(throttle, [["ada@x", "a"]])).toBe(1);
    expect(
      failures(throttle, [
        ["ada@x", "b"],
        ["bob@x", "a"],
      ]),
    ).toBe(0);
  });

  test("that are under way count too: no more get through at once than one after another", () => {
    const throttle = new SignInThrottle();
    const begun = times(50, () => throttle.begin("ada@x", "a", start));
    expect(begun.filter((each) => typeof each === "object")).toHaveLength(10);
  });

  test("never get through more often than the limits say, whatever the order", () => {
    const step = fc.record({ account: fc.nat(3), address: fc.nat(3), laterMs: fc.nat(400) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const throttle = new SignInThrottle({ windowMs: 1000, ofPairMax: 3, ofAddressMax: 5, ofAccountMax: 7 });
        const passed: { account: number; address: number; atMs: number }[] = [];
        let nowMs = start;
        for (const { account, address, laterMs } of steps) {
          nowMs += laterMs;
          const begun = throttle.begin(`account ${account}`, `address ${address}`, nowMs);
          const recent = passed.filter(({ atMs }) => atMs > nowMs - 1000);
          const ofAddress = recent.filter((each) => each.address === address).length;
          const ofAccount = recent.filter((each) => each.account === account).length;
          const ofPair = recent.filter((each) => each.account === account && each.address === address).length;
          expect(typeof begun === "object").toBe(ofPair < 3 && ofAddress < 5 && ofAccount < 7);
          if (typeof begun === "number") expect(begun).toBeGreaterThan(0);
          else passed.push({ account, address, atMs: nowMs });
        }
      }),
    );
  });

  test("of as many accounts and addresses as anybody likes take bounded memory, and a clock set back shuts nobody out", () => {
    const throttle = new SignInThrottle({ entriesMax: 100 });
    failures(
      throttle,
      times(5000, (index) => [`user${index}`, `address ${index}`]),
    );
    expect(
      failures(
        throttle,
        times(12, () => ["ada@x", "a"]),
      ),
    ).toBe(10);
    expect(failures(throttle, [["ada@x", "a"]], start - 60 * minuteMs)).toBe(1);
  });
});
