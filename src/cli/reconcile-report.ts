// What `headgate reconcile` says: tables for people, JSON for programs.
import { type Comparison, coverageOf, type Sides } from "../control/reconcile/compare-usage.ts";
import { type FigureName, figureNames, tokenFigures } from "../control/reconcile/provider-columns.ts";
import type { CommandIo } from "./command.ts";
import { type Column, table } from "./remote/table.ts";

const words: Readonly<Record<FigureName, string>> = {
  inputTokens: "input tokens",
  cachedInputTokens: "cached tokens",
  cacheWriteTokens: "cache write tokens",
  outputTokens: "output tokens",
  requests: "requests",
  cost: "cost (USD)",
};

interface Line {
  day?: string;
  model: string;
  figure: FigureName | "tokens";
  sides: Sides;
}

const number = (head: string, cell: Column<Line>["cell"]): Column<Line> => ({ head, cell, align: "right" });

const columns: Column<Line>[] = [
  { head: "model", cell: ({ model }) => model || "-" },
  { head: "figure", cell: ({ figure }) => (figure === "tokens" ? "all tokens" : words[figure]) },
  number("provider", ({ sides, figure }) => shown(figureOf(sides.provider, figure), figure)),
  number("ledger", ({ sides, figure }) => shown(figureOf(sides.ledger, figure), figure)),
  number("difference", ({ sides, figure }) => shown(figureOf(sides.ledger, figure) - figureOf(sides.provider, figure), figure)),
  number("coverage", ({ sides, figure }) => percentText(coverageOf(sides, figure))),
];

function figureOf(figures: Sides["provider"], figure: FigureName | "tokens"): number {
  return figure === "tokens" ? tokenFigures.reduce((sum, name) => sum + figures[name], 0) : figures[figure];
}

function shown(value: number, figure: FigureName | "tokens"): string {
  return figure === "cost" ? (value / 1e9).toFixed(6) : String(value);
}

function percentText(coverage: number | null): string {
  return coverage === null ? "-" : `${coverage.toFixed(2)} %`;
}

function linesOf({ has }: Comparison, model: string, sides: Sides): Line[] {
  const names: Line["figure"][] = figureNames.filter((name) => has.has(name));
  const tokens = tokenFigures.filter((name) => has.has(name)).length;
  if (tokens > 1) names.splice(tokens, 0, "tokens");
  return names.map((figure) => ({ model, figure, sides }));
}

/** The days that differ, then all models and their sum. */
export function printComparison(comparison: Comparison, io: CommandIo): void {
  const style = { width: null, colours: false };
  const different = comparison.days.flatMap(({ dayMs: day, model, ...sides }) =>
    linesOf(comparison, model, sides)
      .filter(({ figure }) => figureOf(sides.provider, figure) !== figureOf(sides.ledger, figure))
      .map((line) => ({ ...line, day: date(day) })),
  );
  if (different.length === 0) io.note("Every day agrees.");
  else io.print(`${table([{ head: "day (UTC)", cell: ({ day }: Line) => day }, ...columns], different, style)}\n`);
  const lines = comparison.models.flatMap(({ model, ...sides }) => linesOf(comparison, model, sides));
  const all = linesOf(comparison, "all", comparison.total);
  io.print(table(columns, [...lines, ...all], style));
  if (comparison.onlyInLedger.length > 0) {
    io.note(
      `Only in the ledger, and in no sum: ${comparison.onlyInLedger.map((name) => name || "calls without a model").join(", ")}.`,
    );
  }
}

export function comparisonJson(comparison: Comparison, range: { fromMs: number; toMs: number }, coverage: number | null) {
  const { has, days, models, total, onlyInLedger } = comparison;
  const snake = (name: string) => (name === "cost" ? "cost_usd" : name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
  const of = (name: FigureName, value: number) => (name === "cost" ? value / 1e9 : value);
  const body = ({ provider, ledger }: Sides) =>
    Object.fromEntries(
      figureNames
        .filter((name) => has.has(name))
        .map((name) => [
          snake(name),
          {
            provider: of(name, provider[name]),
            ledger: of(name, ledger[name]),
            difference: of(name, ledger[name] - provider[name]),
            coverage_percent: coverageOf({ provider, ledger }, name),
          },
        ]),
    );
  return {
    from: new Date(range.fromMs).toISOString(),
    to: new Date(range.toMs).toISOString(),
    coverage_percent: coverage,
    total: body(total),
    models: models.map(({ model, ...sides }) => ({ model, ...body(sides) })),
    days: days.map(({ dayMs: day, model, ...sides }) => ({ day: date(day), model, ...body(sides) })),
    only_in_ledger: onlyInLedger,
  };
}

function date(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
