// One change to one key: read, check If-Match, write, publish.
import { HeadgateError } from "../../../core/errors.ts";
import type { KeyRow, Repositories } from "../../../storage/port.ts";
import { found } from "../answers.ts";
import type { AdminContext } from "../context.ts";
import { checkIfMatch, etagOf } from "../etag.ts";

type Changes = (key: KeyRow, repositories: Repositories, nowMs: number) => Promise<Partial<KeyRow>>;

/** The key as it is after `changes` were written and published. Throws HeadgateError not_found, stale, or what `changes` throws. */
export async function changeKey(
  context: AdminContext,
  id: string,
  ifMatch: string | undefined,
  changes: Changes,
): Promise<KeyRow> {
  const nowMs = context.clock.nowMs();
  const changed = await context.database().transaction(async (repositories) => {
    const key = found(await repositories.keys.get(id), "key");
    checkIfMatch(ifMatch, etagOf(key.version));
    const columns = await changes(key, repositories, nowMs);
    if (Object.keys(columns).length === 0) return key;
    // the version read above: a change made between the two statements is not overwritten unseen
    const written = await repositories.keys.update(id, { ...columns, updated_at: nowMs }, key.version);
    if (!written) throw new HeadgateError("stale");
    await repositories.meta.bumpConfigVersion();
    return { ...key, ...columns, updated_at: nowMs, version: key.version + 1 };
  });
  await context.publish((publisher) => publisher.keyChanged(id));
  return changed;
}
