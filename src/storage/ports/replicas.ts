// The processes that use one database: who is there, who does what, and words between them.
import type { ReplicasTable, WorkLeasesTable } from "../schema/replicas.ts";

export type WorkLeaseRow = WorkLeasesTable;
export type ReplicaRow = ReplicasTable;

/** Who does which scheduled work, by the database's own clock. */
export interface WorkLeaseRepository {
  /** Takes or renews all of `names` that nobody else holds, for `ttlMs` from now; the names that `holder` has then. */
  acquire(names: readonly string[], holder: string, ttlMs: number): Promise<string[]>;
  /** Lets go of those of `holder`; all, or the given ones. */
  release(holder: string, names?: readonly string[]): Promise<void>;
  /** Those that are held now, by name. */
  held(): Promise<Pick<WorkLeaseRow, "name" | "holder">[]>;
}

export interface ReplicaRepository {
  /** Writes the row with the database's time as `seen_at`. */
  beat(row: Omit<ReplicaRow, "seen_at">): Promise<void>;
  /** By start and id, with how long ago each was seen. */
  all(): Promise<(ReplicaRow & { seenAgoMs: number })[]>;
  delete(id: string): Promise<void>;
  /** Those that were not seen for so long. */
  deleteUnseen(forMs: number): Promise<void>;
}

export interface NotificationHandlers {
  onMessage(message: string): void;
  /** Whenever messages can be heard again: what was said before that was missed. */
  onListening(): void;
}

/** Words between the processes that use one database. SQLite has one process: nobody is told anything there. */
export interface Notifications {
  /** To all who listen, this process too; at most 7900 bytes. Throws StorageUnavailable. */
  publish(message: string): Promise<void>;
  /** Listens until it is stopped, again and again where the connection is lost. */
  subscribe(handlers: NotificationHandlers): { readonly isListening: boolean; stop(): Promise<void> };
}
