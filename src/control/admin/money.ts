// Money on the wire: dollars, from whole nano-dollars.

/** Nano-dollars to dollars; null stays null. */
export function usdOf(nanoUsd: number | null): number | null {
  return nanoUsd === null ? null : nanoUsd / 1e9;
}
