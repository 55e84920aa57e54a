// An administrator's price for a model: set and taken back, each in one transaction with its entry in the audit log.
import { isDeepStrictEqual } from "node:util";
import type { SetPrice } from "../../../api/prices.ts";
import { HeadgateError } from "../../../core/errors.ts";
import { newId } from "../../../core/ids.ts";
import type { PriceRow } from "../../../storage/ports/prices.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import { recordChange } from "../../audit/record-change.ts";
import { componentsOf, type PriceComponents } from "../../prices/override-price.ts";
import type { Asker } from "../authorize/asker.ts";
import { usdOf } from "../money.ts";

/** The model need not be there yet. */
export async function setPrice(
  repositories: Repositories,
  asker: Asker,
  model: string,
  body: SetPrice,
  nowMs: number,
): Promise<void> {
  const before = await repositories.prices.get(model);
  const row = { id: newId("prc"), model, components: JSON.stringify(componentsIn(body)) };
  const after = await repositories.prices.set(row, nowMs);
  if (before !== null && isDeepStrictEqual(shown(before), shown(after))) return;
  await repositories.meta.bumpConfigVersion({ part: "routing" });
  const resource = { kind: "price", id: after.id, name: model };
  await recordChange(repositories, {
    ...asker,
    action: "price.set",
    resource,
    before: shown(before),
    after: shown(after),
    nowMs,
  });
}

/** Throws HeadgateError not_found: there is none. */
export async function deletePrice(repositories: Repositories, asker: Asker, model: string, nowMs: number): Promise<void> {
  const before = await repositories.prices.get(model);
  if (before === null || !(await repositories.prices.delete(model))) throw noPriceSet();
  await repositories.meta.bumpConfigVersion({ part: "routing" });
  const resource = { kind: "price", id: before.id, name: model };
  await recordChange(repositories, { ...asker, action: "price.delete", resource, before: shown(before), after: null, nowMs });
}

function noPriceSet(): HeadgateError {
  return new HeadgateError("not_found", { message: "No price is set for a model of this name." });
}

function componentsIn(body: SetPrice): PriceComponents {
  const nano = (usd: number) => Math.round(usd * 1e9);
  const orNull = (usd: number | null | undefined) => (usd === null || usd === undefined ? null : nano(usd));
  return {
    input: nano(body.input_usd_per_million),
    output: nano(body.output_usd_per_million),
    cachedInput: orNull(body.cached_input_usd_per_million),
    cacheWrite: orNull(body.cache_write_usd_per_million),
  };
}

/** As it was given. */
function shown(row: PriceRow | null): SetPrice | null {
  if (row === null) return null;
  const { input, output, cachedInput, cacheWrite } = componentsOf(row);
  return {
    input_usd_per_million: usdOf(input) as number,
    output_usd_per_million: usdOf(output) as number,
    cached_input_usd_per_million: usdOf(cachedInput),
    cache_write_usd_per_million: usdOf(cacheWrite),
  };
}
