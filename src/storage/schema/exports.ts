// The tables of files that are made in the background.

/** Something that was asked for as a file. */
export interface ExportsTable {
  id: string;
  /** requests | usage | audit */
  kind: string;
  /** csv | json */
  format: string;
  /** JSON: the query of the list, as it would be sent to it. */
  query: string;
  /** JSON: how far the reach of whoever asked went then. */
  scope: string;
  /** Whose it is; null: the installation's. */
  user_id: string | null;
  /** Who asked, as in the audit log. */
  actor_kind: string;
  actor_id: string | null;
  actor_name: string;
  /** waiting | running | done | failed | cancelled */
  status: string;
  rows: number;
  /** In thousandths; null: not known. */
  progress: number | null;
  bytes: number;
  /** For whoever asked. */
  error: string | null;
  created_at: number;
  finished_at: number | null;
  /** Set when it has finished. */
  expires_at: number | null;
}

/** The file of an export, for the replicas that did not make it; PostgreSQL only. */
export interface ExportPartsTable {
  export_id: string;
  /** From 0. */
  position: number;
  /** Base64. */
  content: string;
}
