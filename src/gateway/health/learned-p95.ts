// The time within which 19 of 20 first bytes have lately come, learned from the last minutes: hedging waits that long.
import { histogramBoundMs, histogramBucket, histogramBuckets } from "../../core/histogram.ts";

const windowMs = 60_000;
/** With fewer samples it says nothing. */
const samplesMin = 20;

/** Two histograms that take turns: the answer rests on the samples of the last one to two minutes. Bounded; no timers. */
export class LearnedP95 {
  #current = new Uint32Array(histogramBuckets);
  #previous = new Uint32Array(histogramBuckets);
  #currentSamples = 0;
  #previousSamples = 0;
  #turnsAtMs = Number.NEGATIVE_INFINITY;

  /** Takes a sample, ms. */
  add(sampleMs: number, nowMs: number): void {
    this.#turn(nowMs);
    const bucket = histogramBucket(sampleMs);
    this.#current[bucket] = (this.#current[bucket] as number) + 1;
    this.#currentSamples++;
  }

  /** At most a quarter too long, never too short; null while fewer than 20 samples are known. */
  p95Ms(nowMs: number): number | null {
    this.#turn(nowMs);
    const samples = this.#currentSamples + this.#previousSamples;
    if (samples < samplesMin) return null;
    // From above: that is where the answer lies.
    let above = Math.floor(samples * 0.05);
    let bucket = histogramBuckets - 1;
    for (; bucket > 0; bucket--) {
      above -= (this.#current[bucket] as number) + (this.#previous[bucket] as number);
      if (above < 0) break;
    }
    return histogramBoundMs(bucket);
  }

  #turn(nowMs: number): void {
    if (nowMs < this.#turnsAtMs) return;
    const isLongAgo = nowMs >= this.#turnsAtMs + windowMs;
    const oldest = this.#previous;
    this.#previous = this.#current;
    this.#previousSamples = this.#currentSamples;
    if (isLongAgo) {
      this.#previous.fill(0);
      this.#previousSamples = 0;
    }
    this.#current = oldest.fill(0);
    this.#currentSamples = 0;
    this.#turnsAtMs = nowMs + windowMs;
  }
}
