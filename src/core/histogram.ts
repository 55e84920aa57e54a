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
