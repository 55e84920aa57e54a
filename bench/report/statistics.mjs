// Medians and percentiles.

/** @param {number[]} values not empty */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The nearest-rank percentile. @param {number[]} values not empty @param {number} rank 0.99 for the 99th */
export function percentile(values, rank) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(rank * sorted.length) - 1)];
}

/** Medians of `name` over the rounds that have it; null when none has. */
export function medianOf(rounds, name) {
  const values = rounds.map((round) => round[name]).filter((value) => typeof value === "number");
  return values.length === 0 ? null : median(values);
}
