// `headgate reconcile`: a provider's own account of the usage beside the ledger's.
import { readFile, stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { compareUsage, mainCoverage } from "../control/reconcile/compare-usage.ts";
import { UnknownColumns } from "../control/reconcile/provider-columns.ts";
import { type ProviderUsage, readProviderCsv, type UsageOfDay } from "../control/reconcile/read-provider-csv.ts";
import { CsvError } from "../core/csv-reader.ts";
import type { UpstreamUsageRow } from "../storage/ports/usage.ts";
import { CommandFailed, type CommandIo, type SharedOptions } from "./command.ts";
import { hasDatabase, loadForCommand, withStorage } from "./open-command-storage.ts";
import { readMoment } from "./read-moment.ts";
import { comparisonJson, printComparison } from "./reconcile-report.ts";
import { WrongUse } from "./wrong-use.ts";

export interface ReconcileOptions extends SharedOptions {
  providerCsv: string;
  from?: string;
  to?: string;
  endpoint?: string;
  /** Percent. */
  minCoverage?: string;
  json?: boolean;
}

const dayMs = 86_400_000;
const largestFile = 200 * 2 ** 20;

/** Throws CommandFailed, when all is printed, where the ledger covers less than is asked for. */
export async function reconcile(options: ReconcileOptions, io: CommandIo): Promise<void> {
  const wanted = options.minCoverage === undefined ? null : percent(options.minCoverage);
  const loaded = loadForCommand(options, io);
  const usage = await readFileOfProvider(resolve(io.cwd ?? ".", options.providerCsv));
  const range = rangeOf(usage.rows, options);
  const rows = usage.rows.filter((row) => row.dayMs >= range.fromMs && row.dayMs < range.toMs);
  if (rows.length === 0) throw new CommandFailed("The file has no usage in this time.");
  if (!hasDatabase(loaded))
    throw new CommandFailed(`There is no database in ${loaded.dataDir} yet, so there is nothing to compare.`);
  const { ledger, oldestMs } = await withStorage(loaded, async (storage) => {
    if ((await storage.pendingMigrations()).length > 0) {
      throw new CommandFailed("The database is of an older version: start Headgate once first.");
    }
    const query = { ...range, endpoint: options.endpoint };
    return { ledger: await storage.ledger.upstreamUsage(query), oldestMs: await storage.ledger.oldestMs() };
  });
  const comparison = compareUsage({ rows, has: usage.has }, ledger.map(usageOfRow));
  const coverage = mainCoverage(comparison);
  if (usage.unusedColumns.length > 0) io.note(`Columns that nothing is read from: ${usage.unusedColumns.join(", ")}.`);
  if (oldestMs === null || oldestMs > range.fromMs + dayMs) {
    const since = oldestMs === null ? "has no attempts" : `has attempts from ${new Date(oldestMs).toISOString().slice(0, 10)} on`;
    io.note(`The ledger ${since}; of earlier days there is nothing to compare with.`);
  }
  if (options.json) io.print(JSON.stringify(comparisonJson(comparison, range, coverage), null, 2));
  else printComparison(comparison, io);
  if (wanted === null || coverage === null || coverage >= wanted) return;
  throw new CommandFailed(`The ledger covers ${coverage.toFixed(2)} % of what the provider has, less than ${wanted} %.`);
}

function percent(text: string): number {
  const value = /^\d+(\.\d+)?%?$/.test(text) ? Number.parseFloat(text) : Number.NaN;
  if (!(value >= 0 && value <= 100)) throw new WrongUse("--min-coverage must be a number of percent from 0 to 100.");
  return value;
}

async function readFileOfProvider(path: string): Promise<ProviderUsage> {
  const { size } = await stat(path);
  if (size > largestFile) throw new CommandFailed(`${path} has ${size} bytes; more than ${largestFile} are not read.`);
  const name = basename(path);
  try {
    return readProviderCsv(await readFile(path, "utf8"));
  } catch (error) {
    if (error instanceof CsvError)
      throw new CommandFailed(`${name}, line ${error.line}, column ${error.column}: ${error.message}.`);
    if (error instanceof UnknownColumns) throw new CommandFailed(`${name}: ${error.message}.`);
    throw error;
  }
}

/** Whole UTC days; by default those of the file. */
function rangeOf(rows: readonly UsageOfDay[], { from, to }: ReconcileOptions): { fromMs: number; toMs: number } {
  const nowMs = Date.now();
  const first = rows.reduce((earliest, row) => Math.min(earliest, row.dayMs), Number.POSITIVE_INFINITY);
  const last = rows.reduce((latest, row) => Math.max(latest, row.dayMs), Number.NEGATIVE_INFINITY);
  if (rows.length === 0) throw new CommandFailed("The file has no usage.");
  const fromMs = from === undefined ? first : Math.floor(readMoment("--from", from, nowMs) / dayMs) * dayMs;
  const toMs = to === undefined ? last + dayMs : Math.ceil(readMoment("--to", to, nowMs) / dayMs) * dayMs;
  if ((from !== undefined || to !== undefined) && fromMs >= toMs) throw new WrongUse("--from must be before --to.");
  return { fromMs, toMs };
}

function usageOfRow(row: UpstreamUsageRow): UsageOfDay {
  const { dayMs: day, upstreamModel: model, inputTokens, cachedInputTokens, cacheWriteTokens } = row;
  const outputTokens = row.outputTokens + row.reasoningTokens;
  const figures = {
    inputTokens,
    cachedInputTokens,
    cacheWriteTokens,
    outputTokens,
    requests: row.attempts,
    cost: row.costNanoUsd,
  };
  return { dayMs: day, model, figures };
}
