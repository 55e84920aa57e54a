// What a call may use at most, from the size of its request and the maximum that it states.
import type { Charge, Demand } from "../../domain/allowance.ts";
import { costNanoUsdMax, type Price } from "../../domain/price.ts";
import { type AskedTokens, answersOf, maximumOf } from "../body/asked-tokens.ts";
import type { Call } from "../call.ts";
import { meterKind } from "../meter/meter-kind.ts";
import type { CallRoute } from "../route.ts";
import type { OutputEstimates } from "./output-estimates.ts";

/** What is known of the call beside its route. */
interface Asking {
  route: CallRoute;
  /** Null: its body is no JSON, so that nothing tells of its size in tokens; it counts once it is over. */
  tokens: AskedTokens | null;
  /** Of the deployments that may serve it; the dearest counts. */
  prices: readonly (Price | null)[];
}

/** An upper estimate, as far as there can be one: see Demand. */
export function demandOf(
  call: Pick<Call, "method" | "model" | "payingGroupId">,
  charges: readonly Charge[],
  outputs: OutputEstimates,
  { route, tokens, prices }: Asking,
): Demand {
  const payer = `group:${call.payingGroupId}`;
  const kind = meterKind(route.rest, call.method);
  // What is looked at, counted or deleted uses no tokens.
  if (kind === "uncharged") return { charges, payer, tokens: 0, costNanoUsd: 0, isGuess: false };
  const inputTokens = tokens?.inputTokens ?? 0;
  const maximum = maximumOf(kind, tokens);
  const outputTokens = (maximum ?? outputs.typical(call.model)) * answersOf(kind, tokens);
  return {
    charges,
    payer,
    tokens: inputTokens + outputTokens,
    costNanoUsd: charges.some(({ limits }) => limits.budget !== null) ? dearest(inputTokens, outputTokens, prices) : 0,
    isGuess: maximum === null,
  };
}

/** Null when one of them is unknown, or there is none. */
function dearest(inputTokens: number, outputTokens: number, prices: readonly (Price | null)[]): number | null {
  let most: number | null = null;
  let last: Price | null = null;
  for (const price of prices) {
    if (price === null) return null;
    if (price === last) continue;
    last = price;
    // A prompt may be written to a cache, for minutes or an hour, which costs more where it has a price; reasoning is output that may have one of its own.
    most = Math.max(most ?? 0, costNanoUsdMax(inputTokens, outputTokens, price));
  }
  return most;
}
