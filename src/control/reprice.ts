// Applies the prices in force now to attempts that are over: what they have cost is corrected by entries beside them, never changed.
import { newId } from "../core/ids.ts";
import { costOfAttempt, type Price } from "../domain/price.ts";
import type { AdjustmentRow, AttemptRow } from "../storage/ports/ledger.ts";
import type { Repositories, Storage } from "../storage/ports/storage.ts";
import { recordChange } from "./audit/record-change.ts";
import { effectiveCost } from "./ledger/effective-cost.ts";
import { usageOfAttempt } from "./ledger/usage-of-attempt.ts";

/** The price in force for an attempt; null: there is none. */
export type PriceOf = (attempt: PricedAttempt) => Price | null;

export interface PricedAttempt {
  /** Public name. */
  model: string;
  endpointId: string;
  /** Null: the call named its endpoint, and no model of it. */
  deploymentId: string | null;
  upstreamModel: string;
}

export interface RepriceRequest {
  /** Inclusive, exclusive; ms. */
  fromMs: number;
  toMs: number;
  /** Public name; undefined: all. */
  model?: string | undefined;
  priceOf: PriceOf;
  /** Nothing is written. */
  isDryRun: boolean;
  nowMs: number;
}

/** Of one public model; money in nano-dollars, of all attempts of the range. */
export interface RepricedModel {
  model: string;
  attempts: number;
  before: number;
  after: number;
  /** Attempts that had no price and have one now, and those that have none still. */
  newlyPriced: number;
  stillUnpriced: number;
}

export interface Repriced {
  /** By name. */
  models: RepricedModel[];
  /** How many entries were written, or would be. */
  entries: number;
  /** The entries' `batch_id`; null: none was written. */
  batchId: string | null;
}

/** Few enough that the ledger's writer is not held up for long. */
const attemptsPerSlice = 1000;

/**
 * Goes through the range, slice by slice, each in a transaction of its own: broken off, it is finished by running it again, and a
 * second run finds nothing to do. An attempt without a price in force keeps what it has cost. The first entry comes with one in the
 * audit log.
 */
export async function reprice(storage: Storage, request: RepriceRequest): Promise<Repriced> {
  const models = new Map<string, RepricedModel>();
  const batchId = newId("bat");
  let entries = 0;
  let after: Pick<AttemptRow, "started_at" | "id"> | null = null;
  for (;;) {
    const slice = async (repositories: Repositories) => {
      const found = await repositories.adjustments.settledAttempts(request, after, {
        limit: attemptsPerSlice,
        forUpdate: !request.isDryRun,
      });
      const corrections = found.map((one) => correctionOf(one, request));
      const rows = corrections.flatMap(({ adjustment }) => (adjustment === null ? [] : [{ ...adjustment, batch_id: batchId }]));
      if (!request.isDryRun && rows.length > 0) {
        await repositories.adjustments.insert(rows);
        if (entries === 0) await recordReprice(repositories, request, batchId);
      }
      return { found, corrections, written: rows.length };
    };
    const { found, corrections, written } = await (request.isDryRun ? slice(storage) : storage.transaction(slice));
    // Only what is committed counts.
    entries += written;
    for (const correction of corrections) addTo(models, correction);
    const last = found.at(-1)?.attempt;
    if (last === undefined || found.length < attemptsPerSlice) break;
    after = { started_at: last.started_at, id: last.id };
  }
  const sorted = [...models.values()].sort((a, b) => (a.model < b.model ? -1 : 1));
  return { models: sorted, entries, batchId: request.isDryRun || entries === 0 ? null : batchId };
}

interface Correction {
  model: string;
  /** Null: no price. */
  before: number | null;
  after: number | null;
  adjustment: Omit<AdjustmentRow, "batch_id"> | null;
}

function correctionOf(
  { attempt, adjustments }: { attempt: AttemptRow; adjustments: AdjustmentRow[] },
  { priceOf, nowMs }: RepriceRequest,
): Correction {
  const { model, endpoint_id, endpoint, deployment_id, upstream_model, key_id, user_id, group_id } = attempt;
  const before = effectiveCost(attempt, adjustments);
  const price = priceOf({ model, endpointId: endpoint_id, deploymentId: deployment_id, upstreamModel: upstream_model });
  if (price === null) return { model, before, after: before, adjustment: null };
  const after = costAt(attempt, price);
  // A late outcome of an attempt that was taken for interrupted may have counted it as unpriced again.
  const countsAsUnpriced = isUnpricedRequest(attempt) && adjustments.every(({ unpriced_requests: change }) => change === 0);
  if (after === before && !countsAsUnpriced) return { model, before, after, adjustment: null };
  const adjustment = {
    attempt_started_at: attempt.started_at,
    attempt_id: attempt.id,
    id: newId("adj"),
    at: nowMs,
    delta_nano_usd: after - (before ?? 0),
    unpriced_requests: countsAsUnpriced ? -1 : 0,
    price_version: price.version,
    reason: "reprice",
    model,
    endpoint_id,
    endpoint,
    key_id,
    user_id,
    group_id,
  };
  return { model, before, after, adjustment };
}

/** As the gateway prices an attempt that ends. */
function costAt(attempt: AttemptRow, price: Price): number {
  return costOfAttempt(usageOfAttempt(attempt), price, { method: attempt.method, status: attempt.status ?? 0 });
}

/** As the roll-ups count them. */
function isUnpricedRequest({ final, status, cost_nano_usd: cost }: AttemptRow): boolean {
  return final === 1 && cost === null && status !== null && status < 400;
}

function addTo(models: Map<string, RepricedModel>, { model, before, after }: Correction): void {
  let sums = models.get(model);
  if (sums === undefined) {
    sums = { model, attempts: 0, before: 0, after: 0, newlyPriced: 0, stillUnpriced: 0 };
    models.set(model, sums);
  }
  sums.attempts += 1;
  sums.before += before ?? 0;
  sums.after += after ?? 0;
  if (before === null && after !== null) sums.newlyPriced += 1;
  if (after === null) sums.stillUnpriced += 1;
}

async function recordReprice(repositories: Repositories, request: RepriceRequest, batchId: string): Promise<void> {
  const { fromMs, toMs, model, nowMs } = request;
  const range = { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() };
  await recordChange(repositories, {
    actor: { kind: "system", name: "command line" },
    requestId: null,
    action: "ledger.reprice",
    resource: { kind: "ledger", id: batchId, name: null },
    before: null,
    after: { ...range, model: model ?? null, batch_id: batchId },
    nowMs,
  });
}
