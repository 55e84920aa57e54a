// The comparison adds up to what each side has, finds the same model under both names, and counts nobody else's.
import { expect, test } from "vitest";
import { compareUsage, coverageOf, mainCoverage } from "./compare-usage.ts";
import { type FigureName, figureNames } from "./provider-columns.ts";
import { type Figures, noFigures, type UsageOfDay } from "./read-provider-csv.ts";

const dayMs = 86_400_000;
const usage = (day: number, model: string, figures: Partial<Figures>): UsageOfDay => {
  return { dayMs: day * dayMs, model, figures: { ...noFigures(), ...figures } };
};
const all = new Set<FigureName>(figureNames);

test("by day and model, with sums of the models that the provider names", () => {
  const provider = [
    usage(1, "a", { inputTokens: 10, requests: 2 }),
    usage(2, "a", { inputTokens: 30 }),
    usage(1, "b", { cost: 5 }),
  ];
  const ledger = [
    usage(1, "a", { inputTokens: 9, requests: 2 }),
    usage(3, "a", { inputTokens: 1 }),
    usage(1, "c", { inputTokens: 7 }),
  ];
  const { days, models, total, onlyInLedger } = compareUsage({ rows: provider, has: all }, ledger);
  const summary = days.map(({ dayMs: day, model, provider: theirs, ledger: ours }) => [
    day / dayMs,
    model,
    theirs.inputTokens,
    ours.inputTokens,
  ]);
  expect(summary).toEqual([
    [1, "a", 10, 9],
    [1, "b", 0, 0],
    [2, "a", 30, 0],
    [3, "a", 0, 1],
  ]);
  expect(models.map(({ model }) => model)).toEqual(["a", "b"]);
  expect([total.provider.inputTokens, total.ledger.inputTokens]).toEqual([40, 10]);
  expect(coverageOf(total, "inputTokens")).toBe(25);
  expect(coverageOf(total, "outputTokens")).toBeNull();
  expect(onlyInLedger).toEqual(["c"]);
});

test("a date at the end of a model's id makes no other model of it, unless both sides have both", () => {
  const models = (provider: string[], ledger: string[]) => {
    const of = (names: string[]) => names.map((name) => usage(1, name, { requests: 1 }));
    const { models: compared, onlyInLedger } = compareUsage({ rows: of(provider), has: all }, of(ledger));
    return [
      compared.map(({ model, provider: theirs, ledger: ours }) => `${model} ${theirs.requests} ${ours.requests}`),
      onlyInLedger,
    ];
  };
  expect(models(["gpt-4o-2024-08-06"], ["gpt-4o"])).toEqual([["gpt-4o 1 1"], []]);
  expect(models(["claude-sonnet-4"], ["claude-sonnet-4-20250514"])).toEqual([["claude-sonnet-4 1 1"], []]);
  expect(models(["gpt-4o-2024-08-06", "gpt-4o"], ["gpt-4o-2024-08-06", "gpt-4o"])).toEqual([
    ["gpt-4o 1 1", "gpt-4o-2024-08-06 1 1"],
    [],
  ]);
  expect(models(["gpt-4o-2024-08-06"], ["gpt-4o-mini"])).toEqual([["gpt-4o-2024-08-06 1 0"], ["gpt-4o-mini"]]);
});

test("classes that the file does not tell apart are compared as the input that they are; figures it lacks not at all", () => {
  const ledger = [usage(1, "a", { inputTokens: 5, cachedInputTokens: 3, cacheWriteTokens: 2, outputTokens: 4, cost: 9 })];
  const has = new Set<FigureName>(["inputTokens", "outputTokens"]);
  const { total } = compareUsage({ rows: [usage(1, "a", { inputTokens: 10, outputTokens: 4 })], has }, ledger);
  expect(total.ledger).toEqual({ ...noFigures(), inputTokens: 10, outputTokens: 4 });
  expect(mainCoverage({ has, total })).toBe(100);
});

test("what counts is tokens, without them the cost, without that the requests", () => {
  const total = {
    provider: { ...noFigures(), inputTokens: 10, cost: 10, requests: 10 },
    ledger: { ...noFigures(), inputTokens: 9, cost: 8, requests: 7 },
  };
  const main = (...has: FigureName[]) => mainCoverage({ has: new Set(has), total });
  expect(main("inputTokens", "cost", "requests")).toBe(90);
  expect(main("cost", "requests")).toBe(80);
  expect(main("requests")).toBe(70);
});
