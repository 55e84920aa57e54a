// Registers an endpoint: its provider is asked first, then everything is written at once, or nothing.
import type { z } from "zod";
import type { createEndpointBody } from "../../../api/endpoints.ts";
import { HeadgateError } from "../../../core/errors.ts";
import { newId } from "../../../core/ids.ts";
import type { EndpointRow } from "../../../storage/ports/endpoints.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import { applyListing } from "../../discovery/apply-listing.ts";
import { fetchListing } from "../../discovery/fetch-listing.ts";
import { credentialContext } from "../../discovery/list-target.ts";
import type { ListFailure, Listing } from "../../discovery/listing.ts";
import { reservedNames } from "../../discovery/model-of-name.ts";
import type { NameConflict } from "../../discovery/name-conflicts.ts";
import { pinModels } from "../../discovery/pin-models.ts";
import { listingConflicts, staticConflicts } from "../../discovery/static-conflicts.ts";
import type { Asker } from "../authorize/asker.ts";
import type { AdminContext } from "../context.ts";
import { configurationColumns } from "./endpoint-columns.ts";
import { auditedEndpoint, recordEndpoint } from "./record-endpoint.ts";
import { retryOnNewModel } from "./retry-on-new-model.ts";

type Asked = z.output<typeof createEndpointBody>;

/** The new endpoint's row. Throws HeadgateError name_conflict, or alias_conflict with all conflicts; nothing is written then. */
export async function createEndpoint(context: AdminContext, asker: Asker, { sync, ...asked }: Asked): Promise<EndpointRow> {
  const { clock, cipher } = context;
  const database = context.database();
  const startedAtMs = clock.nowMs();
  const row = newRow(asked, context, startedAtMs);
  await checkName(database, row.name);
  const rules = { selection: asked.models ?? "all", aliases: asked.aliases ?? {}, reservedNames: await reservedNames(database) };
  refuse(staticConflicts(rules));
  const listing = sync ? await fetchListing(row, cipher) : null;
  if (listing?.ok) {
    refuse(
      listingConflicts(
        rules,
        listing.models.map(({ id }) => id),
      ),
    );
  }
  await retryOnNewModel(() =>
    database.transaction(async (repositories) => {
      const nowMs = clock.nowMs();
      await write(repositories, row, listing, startedAtMs, nowMs);
      const after = await auditedEndpoint(repositories, row);
      await recordEndpoint(repositories, row, { ...asker, action: "endpoint.create", before: null, after, nowMs });
    }),
  );
  return row;
}

async function write(
  repositories: Repositories,
  row: EndpointRow,
  listing: Listing | ListFailure | null,
  startedAtMs: number,
  finishedAtMs: number,
): Promise<void> {
  await checkName(repositories, row.name);
  await repositories.endpoints.insert(row);
  if (!listing?.ok) await pinModels(repositories, row);
  const applied =
    listing === null ? null : await applyListing(repositories, row, listing, { trigger: "create", startedAtMs, finishedAtMs });
  if (!applied?.changed) await repositories.meta.bumpConfigVersion({ part: "routing" });
}

function newRow(asked: Omit<Asked, "sync">, { cipher }: AdminContext, nowMs: number): EndpointRow {
  const id = newId("ep");
  const apiKey = asked.api_key ?? null;
  return {
    id,
    ...configurationColumns(asked),
    base_url: null,
    api_key_ciphertext: apiKey === null ? null : cipher.encrypt(apiKey, credentialContext(id)),
    groups: null,
    origin: "admin",
    manifest_id: null,
    manifest_key: null,
    guard_signature: null,
    guard_count: 0,
    created_at: nowMs,
    updated_at: nowMs,
    version: 1,
  };
}

/** Throws HeadgateError name_conflict when another endpoint than `ownId` has the name. */
export async function checkName(repositories: Repositories, name: string, ownId?: string): Promise<void> {
  const holder = await repositories.endpoints.getByName(name);
  if (holder === null || holder.id === ownId) return;
  throw new HeadgateError("name_conflict", { field: "name", message: `There is already an endpoint named '${name}'.` });
}

function refuse(conflicts: readonly NameConflict[]): void {
  if (conflicts.length > 0) throw new HeadgateError("alias_conflict", { field: "aliases", conflicts: [...conflicts] });
}
