// Removes a manifest with everything that it declares. To be called in a transaction.
import type { Repositories } from "../../storage/port.ts";

/** False: there is none with this id. The configuration's version is raised. */
export async function removeManifest(tx: Repositories, id: string): Promise<boolean> {
  // First, for its lock: an application of the manifest that is under way ends before its endpoints are looked up.
  if (!(await tx.manifests.delete(id))) return false;
  for (const endpoint of await tx.endpoints.ofManifest(id)) await tx.endpoints.delete(endpoint.id);
  await tx.models.deleteUnused();
  await tx.meta.bumpConfigVersion();
  return true;
}
