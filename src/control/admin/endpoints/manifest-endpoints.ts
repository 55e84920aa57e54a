// Endpoints that a manifest declares: the manifest alone changes them.
import { HeadgateError } from "../../../core/errors.ts";
import type { EndpointRow } from "../../../storage/ports/endpoints.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";

/** Throws HeadgateError not_allowed, naming the manifest, when the endpoint comes from one. */
export async function refuseManifestEndpoint(repositories: Repositories, row: EndpointRow): Promise<void> {
  if (row.manifest_id === null) return;
  const manifest = await repositories.manifests.get(row.manifest_id);
  const named = manifest === null ? "a manifest" : `the manifest '${manifest.name}'`;
  throw new HeadgateError("not_allowed", {
    message: `Endpoint '${row.name}' comes from ${named}, and can only be changed there.`,
  });
}

/** The manifests' names by id, of those that the endpoints come from. */
export async function manifestNames(repositories: Repositories, rows: readonly EndpointRow[]): Promise<Map<string, string>> {
  if (rows.every(({ manifest_id }) => manifest_id === null)) return new Map();
  return new Map((await repositories.manifests.all()).map(({ id, name }) => [id, name]));
}
