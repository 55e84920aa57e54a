// Who asks something of the admin API, and as what.
import type { Role } from "../../../domain/policy.ts";

export interface Actor {
  /** `token`: that of HEADGATE_ADMIN_TOKEN. */
  kind: "token" | "key" | "user";
  /** Of the key or the user; null for the token. */
  id: string | null;
  /** For the log of changes. */
  name: string;
  /** Keys and the token of the installation are administrators; the key of a user is what its user is. */
  role: Role;
  /** Null: a key without a user, or the token. */
  userId: string | null;
  /** The user's. */
  groupIds: readonly string[];
  /** Null: not signed in with a browser. */
  sessionId: string | null;
  /** Where the request comes from. */
  address: string | null;
}
