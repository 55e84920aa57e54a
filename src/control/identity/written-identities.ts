// What was written last of each user, as digests: the user who has not changed is not written again.
import { createHash } from "node:crypto";
import type { ProvenIdentity } from "../../domain/identity.ts";
import { lastSeenEveryMs, type Sighting } from "./write-identity.ts";

interface Written {
  profile: string;
  /** Null: nothing was ever said of them. */
  groups: string | null;
  seenAtMs: number;
}

const usersMax = 50_000;

/** Bounded: whoever was written longest ago is forgotten first, which costs one look into the database at the next sight. */
export class WrittenIdentities {
  readonly #byUser = new Map<string, Written>();
  #generation = 0;
  /** When the newest token was issued that told anything of a user's groups. */
  readonly #newestTokens = new Map<string, number>();

  /**
   * The identity, without groups when a newer token has told them: an older one is good until it expires, and is shown again and
   * again.
   */
  current(identity: ProvenIdentity): ProvenIdentity {
    const { userId, issuedAtMs, groups } = identity;
    if (issuedAtMs === null || groups === null) return identity;
    const newestMs = this.#newestTokens.get(userId) ?? issuedAtMs;
    if (issuedAtMs < newestMs) return { ...identity, groups: null };
    // Last, so that whoever was heard of longest ago is forgotten first.
    this.#newestTokens.delete(userId);
    this.#newestTokens.set(userId, issuedAtMs);
    const [oldest] = this.#newestTokens.keys();
    if (this.#newestTokens.size > usersMax && oldest !== undefined) this.#newestTokens.delete(oldest);
    return identity;
  }

  /** Nothing is to be written of this: it is as it was written last, less than 5 minutes ago. */
  has(identity: ProvenIdentity, nowMs: number): boolean {
    const written = this.#byUser.get(identity.userId);
    if (written === undefined || nowMs - written.seenAtMs >= lastSeenEveryMs) return false;
    return written.profile === profileDigest(identity) && (identity.groups === null || written.groups === groupsDigest(identity));
  }

  /** To be called before a write; what it returns is to be called after it, and does nothing when anything was forgotten in between. */
  remember(sightings: readonly Sighting[]): () => void {
    const generation = this.#generation;
    return () => {
      if (generation !== this.#generation) return;
      for (const { identity, seenAtMs } of sightings) {
        const before = this.#byUser.get(identity.userId);
        this.#byUser.delete(identity.userId);
        const groups = identity.groups === null ? (before?.groups ?? null) : groupsDigest(identity);
        this.#byUser.set(identity.userId, { profile: profileDigest(identity), groups, seenAtMs });
      }
      for (const userId of this.#byUser.keys()) {
        if (this.#byUser.size <= usersMax) break;
        this.#byUser.delete(userId);
      }
    };
  }

  forget(userIds?: readonly string[]): void {
    this.#generation++;
    if (userIds === undefined) this.#byUser.clear();
    else for (const userId of userIds) this.#byUser.delete(userId);
  }
}

function profileDigest({ name, username, email }: ProvenIdentity): string {
  return digest([name, username, email]);
}

function groupsDigest({ groups }: ProvenIdentity): string {
  return digest([...new Set((groups ?? []).map(({ externalId }) => externalId))].sort());
}

function digest(parts: readonly (string | null)[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64");
}
