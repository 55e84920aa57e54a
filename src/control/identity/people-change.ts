// What a committed change to users and groups touched: what the data plane is to be told.
import type { ConfigChange } from "../../domain/config-change.ts";

export interface PeopleChange {
  /** Users that came, changed (their memberships included) or are gone. */
  userIds: string[];
  /** Some group came, changed or is gone. */
  groupsChanged: boolean;
  /** Somebody may use less than before. */
  mayShutOut: boolean;
}

/** As the configuration's version tells the replicas. */
export function usersChanged(
  userIds: readonly string[],
  { groupsChanged = false, mayShutOut = false }: Partial<Omit<PeopleChange, "userIds">> = {},
): ConfigChange {
  return { part: "users", userIds: [...userIds], groupsChanged, mayShutOut };
}
