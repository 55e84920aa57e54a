// How long a deployment takes to its first byte, as routing compares deployments by it: quick to rise, slow to fall.

/** Newer samples outweigh older ones after about this time. */
const decayMs = 10_000;
/** Without samples the estimate falls by about two thirds in this time, so that a deployment that nobody uses is tried again. */
const idleDecayMs = 30_000;
/** The estimate may grow by this factor … */
const riseMax = 3;
/** … in this time: a stall delays all answers under way at once, and is one event, however many samples tell of it. */
const riseMs = 100;
/** Of the estimate, how much of it a shorter sample leaves at most. */
const keptMax = 0.9;
/** A first answer also takes what it takes to connect, and may be very slow: it alone would keep a deployment out for long. */
const warmUpSamples = 3;
/** Below the resolution of the clock; keeps the estimate able to grow. */
const leastMs = 1;

/**
 * Peak-EWMA, after Finagle's load balancer, that begins with the shortest of three samples: a longer sample takes effect at
 * once (within the bounds above), shorter ones with a weight that grows with the time since the last sample. Nothing is
 * remembered but a few numbers. `nowMs` is always the caller's; a clock that steps back does no harm.
 */
export class LatencyEstimate {
  #estimateMs = 0;
  /** Up to those of the warm-up. */
  #samples = 0;
  #sampledAtMs = Number.NEGATIVE_INFINITY;
  #ceilingMs = 0;
  #ceilingUntilMs = Number.NEGATIVE_INFINITY;

  /** Takes a sample, ms. */
  add(sampleMs: number, nowMs: number): void {
    const ms = Math.max(leastMs, sampleMs);
    if (this.#samples < warmUpSamples) {
      this.#estimateMs = this.#samples === 0 ? ms : Math.min(this.#estimateMs, ms);
      this.#samples++;
    } else if (ms > this.#estimateMs) {
      if (nowMs >= this.#ceilingUntilMs) {
        this.#ceilingMs = this.#estimateMs * riseMax;
        this.#ceilingUntilMs = nowMs + riseMs;
      }
      this.#estimateMs = Math.max(this.#estimateMs, Math.min(ms, this.#ceilingMs));
    } else {
      // Each sample counts for a tenth at least: or one stall would distort the next thousand calls of a quick endpoint.
      const kept = Math.min(keptMax, Math.exp(-Math.max(0, nowMs - this.#sampledAtMs) / decayMs));
      this.#estimateMs = ms + (this.#estimateMs - ms) * kept;
    }
    this.#sampledAtMs = Math.max(this.#sampledAtMs, nowMs);
  }

  /** The estimate for choosing, faded by the time without samples; null before the third one. */
  valueMs(nowMs: number): number | null {
    const learnedMs = this.learnedMs;
    if (learnedMs === null || this.#samples < warmUpSamples) return null;
    return learnedMs * Math.exp(-Math.max(0, nowMs - this.#sampledAtMs) / idleDecayMs);
  }

  /** The estimate as the last sample left it, for showing; null before the first one. */
  get learnedMs(): number | null {
    return this.#sampledAtMs === Number.NEGATIVE_INFINITY ? null : this.#estimateMs;
  }
}
