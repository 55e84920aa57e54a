// The tables of users, groups, and who is in which.

export interface GroupsTable {
  id: string;
  name: string;
  /** JSON list of names or patterns. */
  models: string;
  /** The identity provider that it comes from, and its id there; null: made here. */
  source: string | null;
  external_id: string | null;
  /** JSON, as domain/limits.ts reads it; null: none. */
  limits: string | null;
  /** JSON, as domain/body-keeping.ts reads it; null: bodies of requests are not kept. */
  bodies: string | null;
  created_at: number;
  updated_at: number;
  version: number;
}

export interface UsersTable {
  id: string;
  name: string;
  email: string | null;
  /** What the identity provider calls the user. */
  username: string | null;
  /** administrator | operator | group_manager | member | auditor */
  role: string;
  /** `local`, or the identity provider of domain/identity.ts. */
  source: string;
  /** Stable at the source; null: made here. */
  subject: string | null;
  /** Null again when the group is deleted. */
  primary_group_id: string | null;
  /** JSON, as domain/limits.ts reads it; null: the default of callers with a token. */
  limits: string | null;
  /** When a token of the user was last verified, or the user last signed in; null: never. */
  last_seen_at: number | null;
  /** As control/accounts/password-hash.ts writes it; null: no password, no sign-in with one. */
  password_hash: string | null;
  /** Since when the user may not sign in, and none of their keys and tokens is good; null: not disabled. */
  disabled_at: number | null;
  created_at: number;
  updated_at: number;
  version: number;
}

/** Who is in which group, and who says so: `admin`, or the source of the user. */
export interface GroupMembersTable {
  group_id: string;
  user_id: string;
  source: string;
  created_at: number;
}
