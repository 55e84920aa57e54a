// What several versions of the configuration have changed together, each thing once.
import type { ConfigChange } from "../domain/config-change.ts";

export interface GatheredChanges {
  keyIds: ReadonlySet<string>;
  userIds: ReadonlySet<string>;
  /** Some group has changed. */
  groups: boolean;
  /** Some endpoint, deployment, model or manifest has changed. */
  routing: boolean;
  mayShutOut: boolean;
}

/** More rows than this are read faster together with all others. */
const rowsMax = 100;

/** Null: everything has to be read. */
export function gatherChanges(changes: readonly ConfigChange[]): GatheredChanges | null {
  const [keyIds, userIds] = [new Set<string>(), new Set<string>()];
  const gathered = { keyIds, userIds, groups: false, routing: false, mayShutOut: false };
  for (const change of changes) {
    if (change.part === "key") keyIds.add(change.id);
    else if (change.part === "routing") gathered.routing = true;
    else if (change.part === "users") {
      for (const id of change.userIds) userIds.add(id);
      gathered.groups ||= change.groupsChanged;
      gathered.mayShutOut ||= change.mayShutOut;
    } else return null;
  }
  return keyIds.size + userIds.size > rowsMax ? null : gathered;
}
