// A provider's usage or cost export, as usage by UTC day and model.
import { CsvError, type CsvLine, readCsv } from "../../core/csv-reader.ts";
import { type FigureName, type ProviderColumns, providerColumns } from "./provider-columns.ts";

/** Of a day and model; cost in nano-dollars. */
export type Figures = Record<FigureName, number>;

export interface UsageOfDay {
  dayMs: number;
  /** The provider's id of it; "": none is named. */
  model: string;
  figures: Figures;
}

export interface ProviderUsage {
  rows: UsageOfDay[];
  /** Those that the file has columns for; the others are 0. */
  has: ReadonlySet<FigureName>;
  unusedColumns: readonly string[];
}

const dayMs = 86_400_000;

export function noFigures(): Figures {
  return { inputTokens: 0, cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: 0, requests: 0, cost: 0 };
}

/** Throws CsvError that names the line and column of what can't be read, UnknownColumns when the header is not understood. */
export function readProviderCsv(text: string): ProviderUsage {
  const lines = readCsv(text);
  const header = lines.next();
  if (header.done === true) throw new CsvError(1, 1, "the file is empty");
  const columns = providerColumns(header.value.cells);
  const byKey = new Map<string, UsageOfDay>();
  for (const line of lines) {
    if (line.cells.length !== header.value.cells.length) {
      const counts = `${line.cells.length} cells where the header has ${header.value.cells.length}`;
      throw new CsvError(line.line, Math.min(line.cells.length, header.value.cells.length) + 1, counts);
    }
    const { dayMs, model, figures } = usageOf(line, columns);
    // OpenAI writes a line for each day of which there is nothing.
    if (Object.values(figures).every((figure) => figure === 0)) continue;
    const key = `${dayMs} ${model}`;
    const present = byKey.get(key);
    if (present === undefined) byKey.set(key, { dayMs, model, figures });
    else addFigures(present.figures, figures);
  }
  return { rows: [...byKey.values()], has: new Set(columns.figures.keys()), unusedColumns: columns.unused };
}

export function addFigures(to: Figures, figures: Figures): void {
  for (const name of Object.keys(to) as FigureName[]) to[name] += figures[name];
}

function usageOf(line: CsvLine, columns: ProviderColumns): UsageOfDay {
  const cell = (place: number) => (line.cells[place] as string).trim();
  const refuse = (place: number, message: string): never => {
    throw new CsvError(line.line, place + 1, `${JSON.stringify(cell(place))} ${message}`);
  };
  const startMs = timeOf(cell(columns.time)) ?? refuse(columns.time, "is no date or time");
  if (columns.currency !== null && !["", "usd"].includes(cell(columns.currency).toLowerCase())) {
    refuse(columns.currency, "is a currency that can't be compared: the ledger is in US dollars");
  }
  const figures = noFigures();
  for (const [name, places] of columns.figures) {
    for (const place of places) {
      const value = name === "cost" ? nanoUsdOf(cell(place)) : countOf(cell(place));
      figures[name] += value ?? refuse(place, name === "cost" ? "is no amount of dollars" : "is no whole number");
    }
  }
  if (columns.isInputWithCached) figures.inputTokens = Math.max(0, figures.inputTokens - figures.cachedInputTokens);
  const named = cell(columns.model);
  const model = columns.isLineItem ? (named.split(", ", 1)[0] as string) : named;
  return { dayMs: Math.floor(startMs / dayMs) * dayMs, model, figures };
}

const dateOrTime = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?) ?(Z|UTC|[+-]\d{2}:?\d{2})?)?$/i;

/** ms; what has no time zone is UTC, and a bare number is in seconds since 1970 as OpenAI's are. Null: neither. */
function timeOf(text: string): number | null {
  if (/^\d{9,10}$/.test(text)) return Number(text) * 1000;
  if (/^\d{12,13}$/.test(text)) return Number(text);
  const [, date, time = "00:00", zone = "Z"] = dateOrTime.exec(text) ?? [];
  if (date === undefined) return null;
  const offset = /^[+-]/.test(zone) ? zone.replace(/^(...)(\d\d)$/, "$1:$2") : "Z";
  const ms = Date.parse(`${date}T${time.length === 5 ? `${time}:00` : time}${offset}`);
  // `Date` would take 30 February for the 2nd of March.
  const isReal = new Date(Date.parse(`${date}T00:00:00Z`)).toISOString().startsWith(date);
  return Number.isNaN(ms) || !isReal ? null : ms;
}

/** Empty: 0. */
function countOf(text: string): number | null {
  if (text === "") return 0;
  const digits = /^\d{1,3}(,\d{3})+$/.test(text) ? text.replaceAll(",", "") : text;
  const count = /^\d+(\.0+)?$/.test(digits) ? Number(digits) : Number.NaN;
  return Number.isSafeInteger(count) ? count : null;
}

/** Credits are negative. */
function nanoUsdOf(text: string): number | null {
  if (text === "") return 0;
  const match = /^(-?)\$?(-?)((?:\d{1,3}(?:,\d{3})+|\d*)(?:\.\d*)?(?:e-?\d+)?)$/i.exec(text);
  if (match === null || !/\d/.test(text)) return null;
  const dollars = Number((match[3] as string).replaceAll(",", ""));
  return Number.isFinite(dollars) ? Math.round(dollars * 1e9) * (match[1] || match[2] ? -1 : 1) : null;
}
