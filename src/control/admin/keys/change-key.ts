// One change to one key: read, check who asks and If-Match, write, record, publish.
import { HeadgateError } from "../../../core/errors.ts";
import type { KeyRow } from "../../../storage/ports/keys.ts";
import type { OwnedBy } from "../../../storage/ports/owned-by.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import { recordChange } from "../../audit/record-change.ts";
import { found } from "../answers.ts";
import type { Asker } from "../authorize/asker.ts";
import { isOwned } from "../authorize/reach.ts";
import type { AdminContext } from "../context.ts";
import { checkIfMatch, etagOf } from "../etag.ts";
import { type KeyWriter, requireGrantable, requireKeyWriter } from "./key-writer.ts";
import { presentKey } from "./present.ts";

export interface KeyChange {
  id: string;
  ifMatch: string | undefined;
  asker: Asker;
  action: "key.update" | "key.rotate" | "key.delete";
  /** Null: may do anything. */
  writer: KeyWriter | null;
  /** Whose keys the writer sees; undefined: all. */
  ownedBy: OwnedBy | undefined;
  columns(key: KeyRow, repositories: Repositories, nowMs: number): Promise<Partial<KeyRow>>;
}

/** The key as it is after the change was written and published. Throws HeadgateError not_found, not_allowed, stale, or what `columns` throws. */
export async function changeKey(context: AdminContext, change: KeyChange): Promise<KeyRow> {
  const { id, ifMatch, writer, action } = change;
  const nowMs = context.clock.nowMs();
  const changed = await context.database().transaction(async (repositories) => {
    const key = await ownedKey(repositories, id, change.ownedBy);
    if (writer !== null) await requireKeyWriter(repositories, writer, key, { isHeld: action !== "key.delete" });
    checkIfMatch(ifMatch, etagOf(key.version));
    const columns = await change.columns(key, repositories, nowMs);
    if (writer !== null) await requireGrantable(repositories, writer, key, columns);
    if (Object.keys(columns).length === 0) return key;
    // the version read above: a change made between the two statements is not overwritten unseen
    const written = await repositories.keys.update(id, { ...columns, updated_at: nowMs }, key.version);
    if (!written) throw new HeadgateError("stale");
    await repositories.meta.bumpConfigVersion({ part: "key", id });
    const after = { ...key, ...columns, updated_at: nowMs, version: key.version + 1 };
    await recordKey(repositories, change.asker, action, { before: key, after: action === "key.delete" ? null : after }, nowMs);
    return after;
  });
  await context.publish((publisher) => publisher.keyChanged(id));
  return changed;
}

/** Throws HeadgateError not_found, also for a key that is there and that the asker does not see. */
export async function ownedKey(repositories: Repositories, id: string, ownedBy: OwnedBy | undefined): Promise<KeyRow> {
  const key = await repositories.keys.get(id);
  return found(key !== null && (await isOwned(repositories, ownedBy, key)) ? key : null, "key");
}

/** To be called in the transaction of the change. */
export function recordKey(
  repositories: Repositories,
  asker: Asker,
  action: string,
  { before, after }: { before: KeyRow | null; after: KeyRow | null },
  nowMs: number,
): Promise<void> {
  const { id, name } = (after ?? before) as KeyRow;
  return recordChange(repositories, {
    ...asker,
    action,
    resource: { kind: "key", id, name },
    before: before === null ? null : presentKey(before),
    after: after === null ? null : presentKey(after),
    nowMs,
  });
}
