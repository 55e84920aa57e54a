// The tables of the processes that use one database, and of which of them does what.

/** Who does a scheduled work, so that one at a time does it. Times are the database's own. */
export interface WorkLeasesTable {
  name: string;
  /** Id of a process. */
  holder: string;
  acquired_at: number;
  expires_at: number;
}

/** The processes that use this database, or lately did. */
export interface ReplicasTable {
  id: string;
  host: string;
  version: string;
  started_at: number;
  /** By the database's clock. */
  seen_at: number;
  /** What it serves from. */
  config_version: number;
  spool_backlog_bytes: number;
  /** ok | degraded */
  allowances: string;
}
