// A provider's account of the usage beside the ledger's: what each has, by day and model, and how much of it the ledger covers.
import { type FigureName, figureNames, tokenFigures } from "./provider-columns.ts";
import { addFigures, type Figures, noFigures, type ProviderUsage, type UsageOfDay } from "./read-provider-csv.ts";

/** What both sides have of the same; figures that the provider's file does not have are 0 on both. */
export interface Sides {
  provider: Figures;
  ledger: Figures;
}

export interface ModelSides extends Sides {
  model: string;
}

export interface DaySides extends ModelSides {
  dayMs: number;
}

export interface Comparison {
  has: ReadonlySet<FigureName>;
  /** By day, then model. */
  days: DaySides[];
  /** Models that the provider's file names, by name. */
  models: ModelSides[];
  /** Of those models. */
  total: Sides;
  /** Models that the ledger alone has: other providers', unless they are missing in the file. */
  onlyInLedger: string[];
}

/** `ledger`: by upstream model. Models of both sides are the same where they differ only by a date at the end that one side leaves out. */
export function compareUsage({ rows, has }: Pick<ProviderUsage, "rows" | "has">, ledger: readonly UsageOfDay[]): Comparison {
  const providerNames = new Set(rows.map(({ model }) => model));
  const ledgerNames = new Set(ledger.map(({ model }) => model));
  const nameOfProvider = (name: string) => (!ledgerNames.has(name) && ledgerNames.has(undated(name)) ? undated(name) : name);
  const known = new Set([...providerNames].map(nameOfProvider));
  const nameOfLedger = (name: string) => (!known.has(name) && known.has(undated(name)) ? undated(name) : name);
  const days = new Map<string, DaySides>();
  const add = (side: keyof Sides, { dayMs, figures }: UsageOfDay, model: string) => {
    const key = `${dayMs} ${model}`;
    let present = days.get(key);
    if (present === undefined) {
      present = { dayMs, model, provider: noFigures(), ledger: noFigures() };
      days.set(key, present);
    }
    addFigures(present[side], comparable(figures, has));
  };
  for (const row of rows) add("provider", row, nameOfProvider(row.model));
  const onlyInLedger = new Set<string>();
  for (const row of ledger) {
    const model = nameOfLedger(row.model);
    if (known.has(model)) add("ledger", row, model);
    else onlyInLedger.add(model);
  }
  const sorted = [...days.values()].sort((a, b) => a.dayMs - b.dayMs || compare(a.model, b.model));
  const models = new Map<string, ModelSides>();
  const total: Sides = { provider: noFigures(), ledger: noFigures() };
  for (const { model, provider, ledger: ours } of sorted) {
    const sums = models.get(model) ?? { model, provider: noFigures(), ledger: noFigures() };
    models.set(model, sums);
    for (const to of [sums, total]) {
      addFigures(to.provider, provider);
      addFigures(to.ledger, ours);
    }
  }
  return {
    has,
    days: sorted,
    models: [...models.values()].sort((a, b) => compare(a.model, b.model)),
    total,
    onlyInLedger: [...onlyInLedger].sort(compare),
  };
}

/** Percent of what the provider has; null: it has nothing. */
export function coverageOf({ provider, ledger }: Sides, figure: FigureName | "tokens"): number | null {
  const names = figure === "tokens" ? tokenFigures : [figure];
  const sum = (figures: Figures) => names.reduce((total, name) => total + figures[name], 0);
  return sum(provider) === 0 ? null : (sum(ledger) / sum(provider)) * 100;
}

/** That of tokens; where the file has none, of cost, else of requests. Null: the provider has nothing. */
export function mainCoverage({ has, total }: Pick<Comparison, "has" | "total">): number | null {
  if (tokenFigures.some((name) => has.has(name))) return coverageOf(total, "tokens");
  return coverageOf(total, has.has("cost") ? "cost" : "requests");
}

/** Cached tokens and those written to a cache are input too: where the file does not tell them apart, they are compared as that. */
function comparable(figures: Figures, has: ReadonlySet<FigureName>): Figures {
  const result = { ...figures };
  if (has.has("inputTokens")) {
    for (const share of ["cachedInputTokens", "cacheWriteTokens"] as const)
      if (!has.has(share)) result.inputTokens += figures[share];
  }
  for (const name of figureNames) if (!has.has(name)) result[name] = 0;
  return result;
}

/** Without a date as providers put it at the end of a model's id. */
function undated(model: string): string {
  return model.replace(/[-@](\d{4}-\d{2}-\d{2}|\d{8})$/, "");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
