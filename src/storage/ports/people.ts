// Users, groups, and who is in which.
import type { GroupMembersTable, GroupsTable, UsersTable } from "../schema/people.ts";
import type { OwnedBy } from "./owned-by.ts";
import type { Page, PageRequest } from "./page.ts";

export type UserRow = UsersTable;
export type GroupRow = GroupsTable;
export type GroupMemberRow = GroupMembersTable;

/** What lists of users are narrowed by, as `KeyFilter` says. */
export interface UserFilter {
  ownedBy?: OwnedBy | undefined;
  /** In the name, the address, or the name at the provider. */
  search?: string | undefined;
  role?: string | undefined;
  /** A group that the user is in. */
  groupId?: string | undefined;
}

export interface UserRepository {
  insert(row: UserRow): Promise<void>;
  get(id: string): Promise<UserRow | null>;
  all(): Promise<UserRow[]>;
  /** The local account with this address, however it is written. */
  getByEmail(email: string): Promise<UserRow | null>;
  /** Users with this address, however it is written and whoever says that it is theirs; disabled ones are left out. At most `limit`. */
  withEmail(email: string, limit: number): Promise<UserRow[]>;
  /** Users of a role that may sign in. */
  countOfRole(role: string): Promise<number>;
  /** By name and id. */
  page(request: PageRequest, filter?: UserFilter): Promise<Page<UserRow>>;
  /** Sets the given columns. With `ifVersion`, only when the row still has that version. False: no such row or version. Adds 1 to `version`. */
  update(id: string, changes: Partial<UserRow>, ifVersion?: number): Promise<boolean>;
  /** Sets when the user was last seen, and touches nothing else. */
  setLastSeen(id: string, timeMs: number): Promise<void>;
  /** Deletes the user with its memberships. */
  delete(id: string): Promise<boolean>;
  /** Names by id, of those that there are. */
  names(ids: readonly string[]): Promise<Map<string, string>>;
}

export interface GroupRepository {
  insert(row: GroupRow): Promise<void>;
  get(id: string): Promise<GroupRow | null>;
  getByName(name: string): Promise<GroupRow | null>;
  /** By name. */
  all(): Promise<GroupRow[]>;
  /** By name; with `ids`, of those alone. */
  page(
    request: PageRequest,
    filter?: { ids?: readonly string[] | undefined; search?: string | undefined },
  ): Promise<Page<GroupRow>>;
  /** Sets the given columns. With `ifVersion`, only when the row still has that version. False: no such row or version. Adds 1 to `version`. */
  update(id: string, changes: Partial<GroupRow>, ifVersion?: number): Promise<boolean>;
  /**
   * Deletes the group with its memberships; users whose primary group it was have none then, keys that are deleted count as paid by
   * everyone. The keys that it pays must be gone or paid by another group before.
   */
  delete(id: string): Promise<boolean>;
  /** Names by id, of those that there are. */
  names(ids: readonly string[]): Promise<Map<string, string>>;
  /** All memberships, by user and group. */
  members(): Promise<GroupMemberRow[]>;
  /** Memberships in one group, by user. */
  membersOf(groupId: string): Promise<GroupMemberRow[]>;
  /** Memberships of one user, by group. */
  groupsOf(userId: string): Promise<GroupMemberRow[]>;
  /** Memberships of these users, by user and group. */
  membershipsOf(userIds: readonly string[]): Promise<GroupMemberRow[]>;
  /** Memberships in one group, by user and source; with `userId`, those of that user alone. */
  pageOfMembers(groupId: string, request: PageRequest, userId?: string): Promise<Page<GroupMemberRow>>;
  /** How many users are in each of these groups; one that nobody is in may be missing. */
  memberCounts(groupIds: readonly string[]): Promise<Map<string, number>>;
  /** Does nothing when there is that membership already. */
  addMember(row: GroupMemberRow): Promise<void>;
  /** False: there was none. */
  removeMember(groupId: string, userId: string, source: string): Promise<boolean>;
  /**
   * Makes `groupIds`, all of which must exist, all that `source` says about the user, leaving what other sources say. Concurrent calls for one
   * user follow one another. Says whether the user came into a group, and whether out of one.
   */
  replaceMemberships(
    userId: string,
    source: string,
    groupIds: readonly string[],
    nowMs: number,
  ): Promise<{ hasJoined: boolean; hasLeft: boolean }>;
}
