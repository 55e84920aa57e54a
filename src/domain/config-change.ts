// What one version of the configuration changed, so that every replica can follow it without reading everything again.

export type ConfigChange =
  /** Nobody knows, or too much to say. */
  | { part: "all" }
  /** Endpoints, deployments, models or manifests. */
  | { part: "routing" }
  | { part: "key"; id: string }
  | {
      part: "users";
      /** Users that came, changed (their memberships included) or are gone. */
      userIds: string[];
      /** Some group came, changed or is gone. */
      groupsChanged: boolean;
      /** Somebody may use less than before. */
      mayShutOut: boolean;
    };
