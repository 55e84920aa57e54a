// `headgate reprice`: corrects what attempts have cost, at the prices in force now; beside a running server or without one.
import { pricesInForce } from "../control/ledger/prices-in-force.ts";
import { type Repriced, type RepricedModel, reprice as repriceLedger } from "../control/reprice.ts";
import { systemClock } from "../core/clock.ts";
import { CommandFailed, type CommandIo, type SharedOptions } from "./command.ts";
import { hasDatabase, loadForCommand, withStorage } from "./open-command-storage.ts";
import { readRange } from "./read-moment.ts";
import { type Column, table } from "./remote/table.ts";

export interface RepriceOptions extends SharedOptions {
  from: string;
  /** Default: now. */
  to?: string;
  model?: string;
  dryRun?: boolean;
  json?: boolean;
}

export async function reprice(options: RepriceOptions, io: CommandIo): Promise<void> {
  const nowMs = systemClock.nowMs();
  const range = readRange({ from: options.from, to: options.to ?? "0s" }, nowMs);
  const loaded = loadForCommand(options, io);
  if (!hasDatabase(loaded))
    throw new CommandFailed(`There is no database in ${loaded.dataDir} yet, so there is nothing to price.`);
  const isDryRun = options.dryRun === true;
  const done = await withStorage(loaded, async (storage) => {
    const pending = await storage.pendingMigrations();
    // What a dry run finds is read only.
    if (isDryRun && pending.length > 0)
      throw new CommandFailed("The database is of an older version: start Headgate once first.");
    await storage.migrate();
    const prices = await pricesInForce(storage, { clock: systemClock, log: { warn: (_, text) => io.note(`Warning: ${text}`) } });
    const result = await repriceLedger(storage, { ...range, model: options.model, priceOf: prices.priceOf, isDryRun, nowMs });
    if (result.batchId !== null) await prices.write();
    return result;
  });
  if (options.json) return io.print(JSON.stringify(jsonOf(done, range, isDryRun), null, 2));
  if (done.models.length === 0) return io.note("Nothing was asked in this time.");
  io.print(table(columns, withTotal(done.models), { width: null, colours: false }));
  io.note(remarkOn(done, isDryRun));
}

const number = (head: string, cell: Column<RepricedModel>["cell"]): Column<RepricedModel> => ({ head, cell, align: "right" });

const columns: Column<RepricedModel>[] = [
  { head: "model", cell: ({ model }) => model || "-" },
  number("attempts", ({ attempts }) => attempts),
  number("before (USD)", ({ before }) => usd(before)),
  number("after (USD)", ({ after }) => usd(after)),
  number("difference", ({ before, after }) => usd(after - before)),
  number("newly priced", ({ newlyPriced }) => newlyPriced),
  number("still unpriced", ({ stillUnpriced }) => stillUnpriced),
];

function usd(nanoUsd: number): string {
  return (nanoUsd / 1e9).toFixed(6);
}

function totalOf(models: readonly RepricedModel[]): RepricedModel {
  const total = { model: "all", attempts: 0, before: 0, after: 0, newlyPriced: 0, stillUnpriced: 0 };
  for (const each of models) {
    for (const sum of ["attempts", "before", "after", "newlyPriced", "stillUnpriced"] as const) total[sum] += each[sum];
  }
  return total;
}

function withTotal(models: readonly RepricedModel[]): RepricedModel[] {
  return models.length > 1 ? [...models, totalOf(models)] : [...models];
}

function remarkOn({ entries, batchId }: Repriced, isDryRun: boolean): string {
  if (entries === 0) return "Every attempt has cost what it would cost now.";
  const counted = entries === 1 ? "One attempt" : `${entries} attempts`;
  return isDryRun ? `Dry run: ${counted} would be adjusted.` : `${counted} adjusted, batch ${batchId}.`;
}

function jsonOf({ models, entries, batchId }: Repriced, range: { fromMs: number; toMs: number }, isDryRun: boolean) {
  const body = ({ model, attempts, before, after, newlyPriced, stillUnpriced }: RepricedModel) => ({
    model: model === "" ? null : model,
    attempts,
    before_usd: before / 1e9,
    after_usd: after / 1e9,
    difference_usd: (after - before) / 1e9,
    newly_priced: newlyPriced,
    still_unpriced: stillUnpriced,
  });
  const { model: _name, ...total } = body(totalOf(models));
  return {
    from: new Date(range.fromMs).toISOString(),
    to: new Date(range.toMs).toISOString(),
    dry_run: isDryRun,
    batch_id: batchId,
    adjustments: entries,
    models: models.map(body),
    total,
  };
}
