// What calls without a stated maximum are taken to need follows what answers of their model had, lately.
import fc from "fast-check";
import { expect, test } from "vitest";
import { noTokens } from "../../core/tokens.ts";
import { OutputEstimates } from "./output-estimates.ts";

function learn(estimates: OutputEstimates, model: string, answers: readonly number[]): void {
  for (const outputTokens of answers) estimates.learn(model, { ...noTokens, outputTokens });
}

test("until a few answers have been seen, and for calls without a model, it is 1,024", () => {
  const estimates = new OutputEstimates();
  learn(estimates, "m", Array(19).fill(50));
  estimates.learn(null, { ...noTokens, outputTokens: 50 });
  for (const model of ["m", "other", null]) expect(estimates.typical(model)).toBe(1024);
  learn(estimates, "m", [50]);
  expect(estimates.typical("m")).toBeLessThan(63);
  expect(estimates.typical("other")).toBe(1024);
});

test("95 of 100 answers stay below, and it is at most a quarter above those", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 200_000 }), { minLength: 20, maxLength: 500 }), (answers) => {
      const estimates = new OutputEstimates();
      learn(estimates, "m", answers);
      const sorted = [...answers].sort((a, b) => a - b);
      const at = (share: number) => sorted[Math.min(Math.ceil(answers.length * share), answers.length) - 1] as number;
      // The counted shares are sums of doubles: next to a bound either side is right.
      expect(estimates.typical("m")).toBeGreaterThanOrEqual(at(0.949));
      expect(estimates.typical("m")).toBeLessThanOrEqual(Math.ceil(Math.max(at(0.951), 1) * 1.25));
    }),
  );
});

test("reasoning is part of it, input is not", () => {
  const estimates = new OutputEstimates();
  for (let left = 20; left > 0; left--) {
    estimates.learn("m", {
      ...noTokens,
      inputTokens: 90_000,
      cachedInputTokens: 90_000,
      outputTokens: 100,
      reasoningTokens: 4000,
    });
  }
  expect(estimates.typical("m")).toBeGreaterThanOrEqual(4100);
  expect(estimates.typical("m")).toBeLessThanOrEqual(5125);
});

test("old answers are forgotten: a model whose answers have become short is not held to its long ones", () => {
  const estimates = new OutputEstimates();
  learn(estimates, "m", Array(3000).fill(8000));
  expect(estimates.typical("m")).toBeGreaterThanOrEqual(8000);
  learn(estimates, "m", Array(6000).fill(100));
  expect(estimates.typical("m")).toBeLessThanOrEqual(125);
});

test("one of twenty long answers is enough for the longer estimate, one of a thousand is not", () => {
  const estimates = new OutputEstimates();
  learn(estimates, "often", [...Array(900).fill(100), ...Array(100).fill(8000)]);
  learn(estimates, "rarely", [...Array(999).fill(100), 8000]);
  expect(estimates.typical("often")).toBeGreaterThanOrEqual(8000);
  expect(estimates.typical("rarely")).toBeLessThanOrEqual(125);
});

test("of more than 2,000 models those used longest ago are forgotten, whatever names callers make up", () => {
  const estimates = new OutputEstimates();
  const answers = Array(20).fill(50);
  learn(estimates, "first", answers);
  learn(estimates, "used", answers);
  for (let made = 0; made < 1998; made++) estimates.learn(`m${made}`, noTokens);
  expect(estimates.typical("first")).toBeLessThan(63);
  for (let made = 0; made < 4000; made++) {
    estimates.learn(`n${made}`, noTokens);
    if (made % 1000 === 0) learn(estimates, "used", [50]);
  }
  expect(estimates.typical("first")).toBe(1024);
  expect(estimates.typical("used")).toBeLessThan(63);
});
