// Headgate keys.
import type { KeysTable } from "../schema/keys.ts";
import type { OwnedBy } from "./owned-by.ts";
import type { Page, PageRequest } from "./page.ts";

export type KeyRow = KeysTable;

/**
 * What lists are narrowed by; all that is given holds of each row. `search`: text that the name contains, or one of the columns said,
 * in upper or lower case of any script (repositories/contains-text.ts).
 */
export interface KeyFilter {
  ownedBy?: OwnedBy | undefined;
  /** In the name or the prefix. */
  search?: string | undefined;
  userId?: string | undefined;
  /** The group that pays. */
  groupId?: string | undefined;
}

export interface KeyRepository {
  insert(row: KeyRow): Promise<void>;
  /** Deleted keys are null here. */
  get(id: string): Promise<KeyRow | null>;
  /** All that are not deleted. */
  all(): Promise<KeyRow[]>;
  /** Not deleted, newest first. */
  page(request: PageRequest, filter?: KeyFilter): Promise<Page<KeyRow>>;
  update(id: string, changes: Partial<KeyRow>, ifVersion?: number): Promise<boolean>;
  /** Names by id, deleted keys included. */
  names(ids: readonly string[]): Promise<Map<string, string>>;
  /** Not deleted, of one user, oldest first. */
  ofUser(userId: string): Promise<KeyRow[]>;
  /** Not deleted, paid by one group, oldest first. */
  paidByGroup(groupId: string): Promise<KeyRow[]>;
  /** How many keys, not deleted, each of these groups pays; one that pays none may be missing. */
  countsOfGroups(groupIds: readonly string[]): Promise<Map<string, number>>;
}
