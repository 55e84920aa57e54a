// Asks a stored endpoint for its models; outside of any transaction.
import type { Cipher } from "../../core/cipher.ts";
import type { ListOptions } from "./list-connection.ts";
import { listModels, listTimeoutsMs } from "./list-models.ts";
import { type ListColumns, listTargetOf } from "./list-target.ts";
import { type ListFailure, type Listing, ListingFailed } from "./listing.ts";

/** The listing of an endpoint's row (also one that is not stored yet), within 30 s. Faults of the provider or of the credential are ListFailures. */
export async function fetchListing(
  endpoint: ListColumns,
  cipher: Cipher,
  options: Partial<ListOptions> = {},
): Promise<Listing | ListFailure> {
  try {
    return await listModels(listTargetOf(endpoint, cipher), { timeoutMs: listTimeoutsMs.synchronize, ...options });
  } catch (error) {
    if (error instanceof ListingFailed) return { ok: false, ...error.failure, latencyMs: 0 };
    throw error;
  }
}
