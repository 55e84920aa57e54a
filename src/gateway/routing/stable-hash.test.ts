// The hash is FNV-1a, and its mixed form is spread evenly.
import { expect, test } from "vitest";
import { addToHash, hashStart, unitOfHash } from "./stable-hash.ts";

test("equals the published values of FNV-1a, also when fed in pieces", () => {
  expect(addToHash(hashStart, "") >>> 0).toBe(0x811c9dc5);
  expect(addToHash(hashStart, "a") >>> 0).toBe(0xe40c292c);
  expect(addToHash(hashStart, "foobar") >>> 0).toBe(0xbf9cf968);
  expect(addToHash(addToHash(hashStart, "foo"), "bar") >>> 0).toBe(0xbf9cf968);
});

test("texts that differ in their last character are spread over the whole range", () => {
  const buckets = new Array<number>(10).fill(0);
  for (let index = 0; index < 10_000; index++) {
    const unit = unitOfHash(addToHash(addToHash(hashStart, "session"), `deployment-${index}`));
    expect(unit).toBeGreaterThan(0);
    expect(unit).toBeLessThan(1);
    buckets[Math.floor(unit * 10)] = (buckets[Math.floor(unit * 10)] ?? 0) + 1;
  }
  expect(Math.min(...buckets)).toBeGreaterThan(850);
  expect(Math.max(...buckets)).toBeLessThan(1150);
});
