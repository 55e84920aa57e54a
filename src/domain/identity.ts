// Callers who are proven by a token of an identity provider, or by a proxy that is trusted: who they are, and under which ids they are kept.
import { hash } from "node:crypto";

export interface ExternalGroup {
  /** The provider's own id or name of the group. */
  externalId: string;
  /** For people; often the same. */
  name: string;
}

export interface ProvenIdentity {
  /** What `userIdOf` makes of source and subject. */
  userId: string;
  /** The provider: `globus`, the issuer's URL, the URL of an introspection endpoint, or `proxy`. */
  source: string;
  /** Stable at the source. */
  subject: string;
  username: string | null;
  name: string | null;
  email: string | null;
  /** All of the caller's groups at the source; null: they were not asked for. */
  groups: readonly ExternalGroup[] | null;
  /** The organisation that vouches for the caller at the source, where it says so. */
  idpId: string | null;
  idpName: string | null;
  authService: "globus" | "oidc" | "introspection" | "proxy";
  /** When the proof was made, of one that says what was true then and may be shown long after; null: what it says is true now. */
  issuedAtMs: number | null;
  /** When the proof ends; null: the source does not say. */
  expiresAtMs: number | null;
}

/**
 * The id of a user of a source: computed, so that a caller who is seen for the first time has the id at once that the row,
 * written later, will have too.
 */
export function userIdOf(source: string, subject: string): string {
  return `usr_${digest(source, subject)}`;
}

/** The id of a source's group; computed for the same reason. */
export function groupIdOf(source: string, externalId: string): string {
  return `grp_${digest(source, externalId)}`;
}

function digest(source: string, id: string): string {
  return hash("sha256", `${source}\n${id}`, "hex").slice(0, 32);
}

/** What an identity provider says about a token. */
export type TokenVerdict =
  /** `provenAtMs`: it was asked for another process then; left out: just now. */
  | { kind: "proven"; identity: ProvenIdentity; provenAtMs?: number }
  /** No provider knows it, or the one that issued it no longer does. */
  | { kind: "unknown" }
  | { kind: "expired" }
  /** Proven, but not allowed in; `message` tells the caller why. */
  | { kind: "refused"; message: string }
  /** The provider can't be asked at the moment; `detail` is for the log. */
  | { kind: "unavailable"; detail: string };
