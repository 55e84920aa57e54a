// The prices that hold now for attempts of any time: overrides, else the catalogue, by what the database has of models and endpoints.
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import type { Storage } from "../../storage/ports/storage.ts";
import { overridesOf, PriceBook } from "../prices/price-book.ts";
import type { PriceOf } from "../reprice.ts";

export interface PricesInForce {
  priceOf: PriceOf;
  /** Writes down every price that was given out, so that its version can be explained. */
  write(): Promise<void>;
}

/**
 * As the gateway would price the same call now. What an endpoint charged that is gone since has no price of the catalogue any more: that
 * goes by the endpoint's URL.
 */
export async function pricesInForce(
  storage: Storage,
  options: { clock: Pick<Clock, "nowMs">; log: Pick<Logger, "warn"> },
): Promise<PricesInForce> {
  const book = new PriceBook(options);
  // Loads the catalogue; what is asked for is looked up when a price of it is.
  await book.prepare([]);
  const overrides = overridesOf(await storage.prices.all());
  const urls = new Map((await storage.endpoints.all()).map(({ id, url }) => [id, url]));
  const models = new Map((await storage.models.all()).map(({ id, name }) => [id, name]));
  const pools = new Map((await storage.deployments.all()).map(({ id, model_id }) => [id, models.get(model_id ?? "")]));
  return {
    priceOf({ model, endpointId, deploymentId, upstreamModel }) {
      // Calls that named no model were never priced.
      if (model === "") return null;
      const pool = deploymentId === null ? undefined : pools.get(deploymentId);
      const target = { model, pool, url: urls.get(endpointId) ?? "", upstreamModel };
      return book.priceOf(target, overrides)?.price ?? null;
    },
    async write() {
      book.write(storage);
      await book.settled();
    },
  };
}
