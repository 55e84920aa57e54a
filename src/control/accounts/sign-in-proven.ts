// Signs in who has been proven elsewhere: by an OpenID provider, or by a proxy that is trusted.
import { HeadgateError } from "../../core/errors.ts";
import type { ProvenIdentity } from "../../domain/identity.ts";
import { UniqueViolation } from "../../storage/ports/errors.ts";
import type { Storage } from "../../storage/ports/storage.ts";
import type { PeopleChange } from "../identity/people-change.ts";
import { writeIdentity } from "../identity/write-identity.ts";
import type { SignedIn } from "./accounts.ts";
import { holdUser, type SignInMethod, type SignInSource, startSession } from "./session.ts";

/** A call with a token of the same user may write the same rows at the same time: it wins once, not every time. */
const triesMax = 3;

export interface ProvenSignIn extends SignedIn {
  /** What the data plane is to know; null: nothing. */
  change: PeopleChange | null;
}

/**
 * The rows are those that callers with tokens of the provider have; who is new is a member. Rejects with invalid_credentials when the user
 * is disabled.
 */
export async function signInProven(
  database: Storage,
  identity: ProvenIdentity,
  method: SignInMethod,
  source: SignInSource,
  nowMs: number,
): Promise<ProvenSignIn> {
  for (let tried = 1; ; tried++) {
    try {
      return await signInOnce(database, identity, method, source, nowMs);
    } catch (error) {
      if (!(error instanceof UniqueViolation) || tried >= triesMax) throw error;
    }
  }
}

function signInOnce(
  database: Storage,
  identity: ProvenIdentity,
  method: SignInMethod,
  source: SignInSource,
  nowMs: number,
): Promise<ProvenSignIn> {
  const { userId } = identity;
  return database.transaction(async (tx) => {
    const { isUserShown, hasNewGroups, hasLeft } = await writeIdentity(tx, { identity, seenAtMs: nowMs });
    const isChange = isUserShown || hasNewGroups;
    if (isChange)
      await tx.meta.bumpConfigVersion({ part: "users", userIds: [userId], groupsChanged: hasNewGroups, mayShutOut: hasLeft });
    const user = await holdUser(tx, userId, nowMs);
    if (user === null) throw new Error("a user that was written is not there");
    // What was written goes with the transaction.
    if (user.disabled_at !== null) throw new HeadgateError("invalid_credentials");
    const session = await startSession(tx, userId, method, source, nowMs);
    const change = isChange ? { userIds: [userId], groupsChanged: hasNewGroups, mayShutOut: hasLeft } : null;
    return { user, session, change };
  });
}
