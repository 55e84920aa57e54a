// What a request of the past drew on, by a configuration: so that its rates outlive the process that admitted it.
import type { Charge } from "../../domain/allowance.ts";
import type { Limits } from "../../domain/limits.ts";
import type { SnapshotContent } from "../../domain/snapshot.ts";
import type { Principal } from "../access.ts";
import { Snapshot } from "../snapshot.ts";

interface PastRequest {
  keyId: string | null;
  userId: string | null;
  /** Public name. */
  model: string;
}

/** `defaultLimits`: of callers with a token for whom nothing else is set. */
export function chargesOfRequests(content: SnapshotContent, defaultLimits: Limits): (request: PastRequest) => readonly Charge[] {
  const snapshot = new Snapshot(content);
  const ofUsers = new Map<string, Principal | undefined>();
  const principalOfUser = (id: string) => {
    if (!ofUsers.has(id)) ofUsers.set(id, snapshot.principalOfUser(id, defaultLimits));
    return ofUsers.get(id);
  };
  return ({ keyId, userId, model }) => {
    const principal = keyId !== null ? snapshot.principalOfKey(keyId) : userId === null ? undefined : principalOfUser(userId);
    const ofModel = snapshot.model(model)?.charge ?? null;
    return [...(principal?.charges ?? []), ...(ofModel === null ? [] : [ofModel])];
  };
}
