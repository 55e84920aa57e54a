// How many tokens answers of a model usually have, learned from those that came: for calls that state no maximum.
import { histogramBoundMs, histogramBucket, histogramBuckets } from "../../core/histogram.ts";
import type { TokenUsage } from "../../core/tokens.ts";
import { RecentMap } from "../responses/recent-map.ts";

/** Taken until a few answers of the model have been seen. */
const unknownTokens = 1024;
const answersMin = 20;
/** Then all counts are halved, so that old answers are forgotten. */
const answersMax = 2000;
/** Of models used longest ago some are forgotten beyond this. */
const modelsMax = 4000;
const quantile = 0.95;

/** Counts of answers by the size that core/histogram.ts gives them. */
interface Seen {
  counts: Float64Array;
  total: number;
}

export class OutputEstimates {
  /** By the model's public name. */
  readonly #models = new RecentMap<Seen>(modelsMax);

  /** One whole answer. */
  learn(model: string | null, { outputTokens, reasoningTokens }: TokenUsage): void {
    if (model === null) return;
    let seen = this.#models.get(model);
    if (seen === undefined) {
      seen = { counts: new Float64Array(histogramBuckets), total: 0 };
      this.#models.set(model, seen);
    }
    const bucket = histogramBucket(outputTokens + reasoningTokens);
    seen.counts[bucket] = (seen.counts[bucket] as number) + 1;
    seen.total++;
    if (seen.total >= answersMax) {
      for (let at = 0; at < histogramBuckets; at++) seen.counts[at] = (seen.counts[at] as number) / 2;
      seen.total /= 2;
    }
  }

  /** What 95 of 100 answers stay below, tokens; off by at most a quarter. */
  typical(model: string | null): number {
    const seen = model === null ? undefined : this.#models.get(model);
    if (seen === undefined || seen.total < answersMin) return unknownTokens;
    let left = seen.total * quantile;
    for (let bucket = 0; bucket < histogramBuckets; bucket++) {
      left -= seen.counts[bucket] as number;
      if (left <= 0) return Math.ceil(histogramBoundMs(bucket));
    }
    return unknownTokens;
  }
}
