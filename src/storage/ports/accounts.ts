// Who has signed in, and the links that do it once.
import type { OneTimeLinksTable, SessionsTable } from "../schema/accounts.ts";
import type { Page, PageRequest } from "./page.ts";
import type { UserRow } from "./people.ts";

export type SessionRow = SessionsTable;
export type OneTimeLinkRow = OneTimeLinksTable;

export interface SessionRepository {
  insert(row: SessionRow): Promise<void>;
  /** With its user, when neither the session has expired nor the user is disabled. */
  findByDigest(digest: string, nowMs: number): Promise<{ session: SessionRow; user: UserRow } | null>;
  /** Newest first; of all users, or of one. Expired ones are left out. */
  page(filter: { userId?: string | undefined; nowMs: number }, request: PageRequest): Promise<Page<SessionRow>>;
  get(id: string): Promise<SessionRow | null>;
  /** With when it ends now. */
  setLastSeen(id: string, timeMs: number, expiresAtMs: number): Promise<void>;
  delete(id: string): Promise<boolean>;
  /** All of a user, but for one. Returns how many. */
  deleteOfUser(userId: string, exceptId?: string): Promise<number>;
  /** Deletes those of a user that began before the `count` newest. Returns how many. */
  keepNewest(userId: string, count: number): Promise<number>;
  deleteExpired(nowMs: number): Promise<number>;
}

export interface OneTimeLinkRepository {
  insert(row: OneTimeLinkRow): Promise<void>;
  /** Leaves it there; null: there is none, or it has expired. */
  find(digest: string, purpose: string, nowMs: number): Promise<OneTimeLinkRow | null>;
  /** Takes the link away and returns it; null: there is none, or it has expired. Of two callers at once only one gets it. */
  take(digest: string, purpose: string, nowMs: number): Promise<OneTimeLinkRow | null>;
  /** Removes those of a purpose, for a user (null: for none in particular). */
  deleteOf(purpose: string, userId: string | null): Promise<void>;
  deleteExpired(nowMs: number): Promise<number>;
}
