// What is stored of token details is read back, whatever a provider sent.
import fc from "fast-check";
import { expect, test } from "vitest";
import { tokenDetailsColumnOf, tokenDetailsOfStored } from "./token-details.ts";
import type { TokenDetails } from "./tokens.ts";

const names = ["cacheWrite1hTokens", "inputAudioTokens", "cachedAudioTokens", "outputAudioTokens"] as const;

test("there and back", () => {
  const counts = fc.integer({ min: 1, max: 2 ** 40 });
  const details = fc.record(Object.fromEntries(names.map((name) => [name, counts])), { requiredKeys: [] });
  fc.assert(
    fc.property(details as fc.Arbitrary<TokenDetails>, (one) => {
      const column = tokenDetailsColumnOf(one);
      expect(column === null).toBe(Object.keys(one).length === 0);
      expect(tokenDetailsOfStored(column) ?? {}).toEqual(one);
    }),
  );
});

test("none is null, so that most rows hold nothing", () => {
  for (const details of [undefined, null, {}, { inputAudioTokens: 0 }]) expect(tokenDetailsColumnOf(details)).toBeNull();
  expect(tokenDetailsOfStored(null)).toBeUndefined();
});

test("unknown names, texts, negative and endless numbers are left out, large ones cut", () => {
  const odd = {
    note: "x",
    inputAudioTokens: -5,
    cachedAudioTokens: Number.NaN,
    outputAudioTokens: "7",
    cacheWrite1hTokens: 1e300,
  };
  expect(tokenDetailsColumnOf(odd as object)).toBe(`{"cacheWrite1hTokens":${2 ** 40}}`);
  expect(tokenDetailsColumnOf({ inputAudioTokens: 2.4 })).toBe('{"inputAudioTokens":2}');
  expect(tokenDetailsColumnOf(Object.create({ inputAudioTokens: 3 }) as TokenDetails)).toBeNull();
  for (const column of ["", "null", "[]", "5", "{", '{"inputAudioTokens":"5"}']) {
    expect(tokenDetailsOfStored(column), column).toBeUndefined();
  }
});
