// Mergeable log-linear histograms of durations: the sum of two hours' buckets is the histogram of both.

/** Buckets grow by a quarter (the error of a quantile is at most 12.5 %); bucket 0 holds everything up to 1 ms. */
const growth = Math.log(1.25);
const lastBucket = 80; // 1.25^80 ms ≈ 16 h: beyond any timeout

/** The bucket (0…80) that `ms` falls into. */
export function histogramBucket(ms: number): number {
  if (!(ms > 1)) return 0;
  return Math.min(lastBucket, Math.ceil(Math.log(ms) / growth));
}

/** The middle of a bucket in ms, in the geometric sense. */
export function bucketMiddleMs(bucket: number): number {
  return bucket === 0 ? 1 : Math.exp(growth * (bucket - 0.5));
}

/** The `quantile` (0…1) of bucket counts, in ms; null when they are empty. */
export function histogramQuantile(counts: ReadonlyMap<number, number>, quantile: number): number | null {
  let total = 0;
  for (const count of counts.values()) total += count;
  if (total === 0) return null;
  let left = quantile * total;
  const buckets = [...counts.keys()].sort((a, b) => a - b);
  for (const bucket of buckets) {
    left -= counts.get(bucket) as number;
    if (left <= 0) return bucketMiddleMs(bucket);
  }
  return bucketMiddleMs(buckets.at(-1) as number);
}
