// Mergeable log-linear histograms of durations: the sum of two hours' buckets is the histogram of both.

/** Buckets grow by a quarter (a quantile read from them is off by at most 12.5 %); bucket 0 holds everything up to 1 ms. */
const step = 1.25;
const growth = Math.log(step);
const lastBucket = 80; // 1.25^80 ms ≈ 16 h: beyond any timeout

/** Buckets are numbered from 0 to one less. */
export const histogramBuckets = lastBucket + 1;

/** The bucket (0…80) that `ms` falls into. */
export function histogramBucket(ms: number): number {
  if (!(ms > 1)) return 0;
  return Math.min(lastBucket, Math.ceil(Math.log(ms) / growth));
}

/** The longest duration that falls into `bucket`, ms. */
export function histogramBoundMs(bucket: number): number {
  return step ** bucket;
}

/** The duration, ms, that the part `quantile` (0…1) of those counted was not longer than; null when nothing was counted. Off by at most 12.5 %. */
export function histogramQuantileMs(counts: ReadonlyMap<number, number>, quantile: number): number | null {
  let total = 0;
  for (const count of counts.values()) total += count;
  if (total <= 0) return null;
  let left = Math.max(1, Math.ceil(total * quantile));
  for (let bucket = 0; bucket < lastBucket; bucket += 1) {
    left -= counts.get(bucket) ?? 0;
    if (left <= 0) return middleMs(bucket);
  }
  return middleMs(lastBucket);
}

function middleMs(bucket: number): number {
  return bucket === 0 ? 1 : (histogramBoundMs(bucket - 1) + histogramBoundMs(bucket)) / 2;
}
