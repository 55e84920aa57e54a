// How the cost of an attempt comes about: its tokens of each class, at the price that held when it began.
import type { AttemptBody } from "../../../api/requests.ts";
import { type CostPart, costParts } from "../../../domain/price.ts";
import type { AttemptRow } from "../../../storage/ports/ledger.ts";
import { usageOfAttempt } from "../../ledger/usage-of-attempt.ts";
import type { PriceFacts } from "../../prices/price-facts.ts";
import { presentPrice, type Shows } from "../prices/present.ts";

type Cost = Required<Pick<AttemptBody, "price" | "cost_parts">>;

const kinds = {
  input: "input",
  cachedInput: "cached_input",
  cacheWrite: "cache_write",
  cacheWrite1h: "cache_write_1h",
  output: "output",
  reasoning: "reasoning",
  inputAudio: "input_audio",
  cachedAudio: "cached_audio",
  outputAudio: "output_audio",
} as const satisfies Record<CostPart["kind"], Cost["cost_parts"][number]["kind"]>;

/** `prices` by version. A price that was never written down is shown as none, and explains nothing. */
export function presentCost(row: AttemptRow, prices: ReadonlyMap<string, PriceFacts>, shows: Shows): Cost {
  const facts = prices.get(row.price_version ?? "");
  if (facts === undefined) return { price: null, cost_parts: [] };
  const parts = row.cost_nano_usd === null ? [] : costParts(usageOfAttempt(row), facts.price);
  return {
    price: presentPrice(facts, shows),
    cost_parts: parts.map(({ kind, tokens, nanoUsdPerMillion }) => ({
      kind: kinds[kind],
      tokens,
      usd_per_million: nanoUsdPerMillion / 1e9,
      usd: (tokens * nanoUsdPerMillion) / 1e15,
    })),
  };
}
