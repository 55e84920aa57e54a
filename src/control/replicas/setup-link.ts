// The link that makes the first administrator, at a start: of several replicas that start together, one makes and prints it.
import type { Storage } from "../../storage/ports/storage.ts";
import { makeSetupLink, type OneTimeLink } from "../accounts/one-time-link.ts";
import { goneAfterMs } from "./replica-registry.ts";

const metaKey = "setup_link";

/** Null: somebody is administrator, or another replica that is alive has printed a link that is still good. */
export function setupLinkOfStart(storage: Storage, processId: string, nowMs: number): Promise<OneTimeLink | null> {
  return storage.transaction(async (tx) => {
    const [maker = "", endsAtMs = ""] = (await tx.meta.lock(metaKey)).split(" ");
    const isAlive = (await tx.replicas.all()).some(({ id, seenAgoMs }) => id === maker && seenAgoMs <= goneAfterMs);
    if (isAlive && maker !== processId && Number(endsAtMs) > nowMs) return null;
    const link = await makeSetupLink(tx, nowMs);
    if (link !== null) await tx.meta.set(metaKey, `${processId} ${link.expiresAtMs}`);
    return link;
  });
}
