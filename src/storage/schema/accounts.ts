// The tables of who has signed in, and of links that are good once.

/** Somebody who has signed in. */
export interface SessionsTable {
  id: string;
  /** Of the cookie's secret: SHA-256, hex. */
  digest: string;
  user_id: string;
  /** password | oidc | proxy | setup */
  method: string;
  address: string | null;
  user_agent: string | null;
  created_at: number;
  /** To the minute. */
  last_seen_at: number;
  expires_at: number;
}

/** A link that is good once. */
export interface OneTimeLinksTable {
  /** Of its secret: SHA-256, hex. */
  digest: string;
  /** setup: makes the first administrator. password: sets the user's password. */
  purpose: string;
  /** Null for setup. */
  user_id: string | null;
  created_at: number;
  expires_at: number;
}
