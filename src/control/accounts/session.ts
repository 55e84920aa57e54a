// Sessions of people who have signed in: how long they last, and how one begins.
import { newId } from "../../core/ids.ts";
import type { SessionRow } from "../../storage/ports/accounts.ts";
import type { UserRow } from "../../storage/ports/people.ts";
import type { Repositories } from "../../storage/ports/storage.ts";
import { newSessionSecret, sessionDigest } from "./session-secret.ts";

const hourMs = 3_600_000;
/** However much it is used. */
export const longestSessionMs = 7 * 24 * hourMs;
/** Without being used. */
const longestPauseMs = 24 * hourMs;
const userAgentMax = 300;
/** Of one user at once. Whoever signs in by a program, again and again, would fill the database. */
const sessionsOfUserMax = 20;

/** How somebody has signed in. */
export type SignInMethod = "password" | "oidc" | "proxy" | "setup";

/** Where a sign-in comes from. */
export interface SignInSource {
  address: string | null;
  userAgent: string | undefined;
}

export interface NewSession {
  row: SessionRow;
  /** For the cookie; it is kept nowhere. */
  secret: string;
}

/** When a session ends that was last used at `usedAtMs`. */
export function sessionEndMs(createdAtMs: number, usedAtMs: number): number {
  return Math.min(createdAtMs + longestSessionMs, usedAtMs + longestPauseMs);
}

/**
 * The user as they are until the transaction ends. Whoever disables them or sets their password waits for its end and then finds the session
 * that it began; without that a sign-in at the same moment would outlive what was to end it. Null: there is none.
 */
export async function holdUser({ users }: Repositories, userId: string, nowMs: number): Promise<UserRow | null> {
  await users.setLastSeen(userId, nowMs);
  return users.get(userId);
}

/**
 * Begins a session, and ends the oldest of a user who has too many. Always with a secret that nobody has seen: one that was there
 * before the sign-in could be somebody else's (session fixation). To be called in a transaction, of a user who was looked at after `holdUser`.
 */
export async function startSession(
  { sessions }: Repositories,
  userId: string,
  method: SignInMethod,
  { address, userAgent }: SignInSource,
  nowMs: number,
): Promise<NewSession> {
  const secret = newSessionSecret();
  const row: SessionRow = {
    id: newId("ses"),
    digest: sessionDigest(secret),
    user_id: userId,
    method,
    address,
    user_agent: userAgent?.replace(/[\p{Cc}\p{Cs}]/gu, " ").slice(0, userAgentMax) || null,
    created_at: nowMs,
    last_seen_at: nowMs,
    expires_at: sessionEndMs(nowMs, nowMs),
  };
  await sessions.insert(row);
  await sessions.keepNewest(userId, sessionsOfUserMax);
  return { row, secret };
}
