// For promises such as "within a second": a busy machine may stop any process for as long, so the quickest of a few tries counts.

/** Tries until one takes less than `belowMs`, three times at most. Resolves with the shortest time, ms. */
export async function quickestMs(belowMs: number, attempt: () => Promise<number>): Promise<number> {
  let quickest = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 3 && quickest >= belowMs; tries++) quickest = Math.min(quickest, await attempt());
  return quickest;
}
