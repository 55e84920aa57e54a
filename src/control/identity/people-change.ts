// What a committed change to users and groups touched: what the data plane is to be told.

export interface PeopleChange {
  /** Users that came, changed (their memberships included) or are gone. */
  userIds: string[];
  /** Some group came, changed or is gone. */
  groupsChanged: boolean;
  /** Somebody may use less than before. */
  mayShutOut: boolean;
}
