// Removes a manifest with everything that it declares. To be called in a transaction.
import type { Repositories } from "../../storage/ports/storage.ts";

/**
 * False: there is none with this id. The caller raises the configuration's version, last of all: whoever holds that and then waits for a row
 * can deadlock with one who has the row and waits for the version.
 */
export async function removeManifest(tx: Repositories, id: string): Promise<boolean> {
  // First, for its lock: an application of the manifest that is under way ends before its endpoints are looked up.
  if (!(await tx.manifests.delete(id))) return false;
  for (const endpoint of await tx.endpoints.ofManifest(id)) await tx.endpoints.delete(endpoint.id);
  await tx.models.deleteUnused();
  return true;
}
