// The models that a user may call, as they are now.
import type { UsableModel } from "../control/admin/context.ts";
import type { Limits } from "../domain/limits.ts";
import type { Snapshot } from "../gateway/snapshot.ts";

/** `defaultLimits`: of users that have none of their own. Null: nothing is known of this user yet. */
export function usableModels(snapshot: Snapshot | null, userId: string, defaultLimits: Limits): UsableModel[] | null {
  const principal = snapshot?.principalOfUser(userId, defaultLimits);
  if (snapshot === null || principal === undefined) return null;
  return [...snapshot.routesFor(principal)].map(({ model, active }) => ({
    name: model.name,
    status: active.length > 0 ? "active" : "offline",
  }));
}
