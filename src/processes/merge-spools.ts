// How the spools of several processes are, as one: what one of them can't write is a failure of all.
import type { WorkerStatus } from "./protocol.ts";

export function mergeSpools(spools: readonly WorkerStatus["spool"][]): WorkerStatus["spool"] {
  return {
    accepting: spools.every(({ accepting }) => accepting),
    failure: spools.find(({ failure }) => failure !== null)?.failure ?? null,
    unrecorded: spools.reduce((sum, { unrecorded }) => sum + unrecorded, 0),
  };
}
