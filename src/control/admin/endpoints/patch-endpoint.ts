// Changes an endpoint by merge patch, brings its models in line with it, and says whether the provider has to be asked again.
import { type EndpointPatch, endpointConfiguration } from "../../../api/endpoints.ts";
import { HeadgateError } from "../../../core/errors.ts";
import type { EndpointRow } from "../../../storage/ports/endpoints.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import { applySelection } from "../../discovery/aliases.ts";
import { credentialContext } from "../../discovery/list-target.ts";
import { found } from "../answers.ts";
import type { Asker } from "../authorize/asker.ts";
import type { AdminContext } from "../context.ts";
import { checkIfMatch, etagOf } from "../etag.ts";
import { mergePatch } from "../merge-patch.ts";
import { parseOrThrow } from "../validate-with-zod.ts";
import { checkName } from "./create-endpoint.ts";
import { configurationColumns, configurationOf, lowerCaseNames } from "./endpoint-columns.ts";
import { refuseManifestEndpoint } from "./manifest-endpoints.ts";
import { auditedEndpoint, recordEndpoint } from "./record-endpoint.ts";
import { retryOnNewModel } from "./retry-on-new-model.ts";

export interface PatchedEndpoint {
  row: EndpointRow;
  /** What the provider answers, or which of its models are wanted, may be different now. */
  needsSync: boolean;
}

/** Columns after whose change the provider is asked again. */
const syncedColumns: readonly (keyof EndpointRow)[] = [
  "url",
  "api_key_ciphertext",
  "dialect",
  "auth_header_name",
  "auth_header_prefix",
  "headers",
  "query",
  "models",
];

/** Throws HeadgateError not_found, not_allowed, stale, invalid_field, name_conflict or alias_conflict; nothing is written then. */
export function patchEndpoint(
  context: AdminContext,
  asker: Asker,
  id: string,
  ifMatch: string | undefined,
  { sync: _sync, ...patch }: EndpointPatch,
): Promise<PatchedEndpoint> {
  return retryOnNewModel(() =>
    context.database().transaction(async (repositories) => {
      const row = found(await repositories.endpoints.get(id), "endpoint");
      await refuseManifestEndpoint(repositories, row);
      checkIfMatch(ifMatch, etagOf(row.version));
      const changes = changesOf(row, patch, context);
      if (Object.keys(changes).length === 0) return { row, needsSync: false };
      const nowMs = context.clock.nowMs();
      const before = await audited(repositories, row);
      const patched = await write(repositories, row, changes, nowMs);
      const after = await audited(repositories, patched.row);
      await recordEndpoint(repositories, patched.row, { ...asker, action: "endpoint.update", before, after, nowMs });
      return patched;
    }),
  );
}

async function write(
  repositories: Repositories,
  row: EndpointRow,
  changes: Partial<EndpointRow>,
  nowMs: number,
): Promise<PatchedEndpoint> {
  if (changes.name !== undefined) await checkName(repositories, changes.name, row.id);
  // Another URL or dialect is another base, and another list than the one the guard remembers.
  if (changes.url !== undefined || changes.dialect !== undefined) {
    Object.assign(changes, { base_url: null, guard_signature: null, guard_count: 0 });
  }
  const columns = { ...changes, updated_at: nowMs };
  // The version that was read: a change made between the two statements is not overwritten unseen.
  if (!(await repositories.endpoints.update(row.id, columns, row.version))) throw new HeadgateError("stale");
  const changed = { ...row, ...columns, version: row.version + 1 };
  if (changes.aliases !== undefined || changes.models !== undefined) await applySelection(repositories, changed);
  await repositories.meta.bumpConfigVersion({ part: "routing" });
  return { row: changed, needsSync: syncedColumns.some((column) => column in changes) };
}

/** With the credential, of which the log says whether it is another one now. */
async function audited(repositories: Repositories, row: EndpointRow): Promise<object> {
  return { ...(await auditedEndpoint(repositories, row)), api_key: row.api_key_ciphertext };
}

/** The columns that the patch gives another value. Its result is held to the same rules as a new endpoint. */
function changesOf(row: EndpointRow, patch: Omit<EndpointPatch, "sync">, { cipher }: AdminContext): Partial<EndpointRow> {
  const { headers } = patch;
  const merged = mergePatch(configurationOf(row), headers ? { ...patch, headers: lowerCaseNames(headers) } : patch);
  const wanted = parseOrThrow(endpointConfiguration, merged);
  const changes: Partial<EndpointRow> = {};
  for (const [column, value] of Object.entries(configurationColumns(wanted))) {
    if (value !== row[column as keyof EndpointRow]) Object.assign(changes, { [column]: value });
  }
  if (typeof wanted.api_key === "string") changes.api_key_ciphertext = cipher.encrypt(wanted.api_key, credentialContext(row.id));
  else if (patch.api_key === null && row.api_key_ciphertext !== null) changes.api_key_ciphertext = null;
  return changes;
}
