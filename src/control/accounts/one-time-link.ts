// Links that are good once: the one that makes the first administrator, and those that set a user's password.
import { HeadgateError } from "../../core/errors.ts";
import type { OneTimeLinkRow } from "../../storage/ports/accounts.ts";
import type { UserRow } from "../../storage/ports/people.ts";
import type { Repositories } from "../../storage/ports/storage.ts";
import { newSessionSecret, sessionDigest } from "./session-secret.ts";

const setupLifetimeMs = 24 * 3_600_000;
const passwordLifetimeMs = 3_600_000;

export interface OneTimeLink {
  /**
   * Behind the URL under which Headgate is reached: `/dashboard/password#<secret>`. The secret is the fragment, which browsers keep to
   * themselves: it reaches no log, no proxy and no `referer`.
   */
  path: string;
  expiresAtMs: number;
}

/**
 * Makes the link that makes the first administrator; those made before are good no longer. Null: somebody is administrator. To be called
 * in a transaction.
 */
export async function makeSetupLink(repositories: Repositories, nowMs: number): Promise<OneTimeLink | null> {
  if (!(await isSetupRequired(repositories))) return null;
  return make(repositories, "setup", null, nowMs + setupLifetimeMs, nowMs);
}

/** Nobody is administrator who could sign in. */
export async function isSetupRequired({ users }: Repositories): Promise<boolean> {
  return (await users.countOfRole("administrator")) === 0;
}

/**
 * Makes the link that sets the user's password; those made before are good no longer. Throws HeadgateError invalid_field for users who don't
 * sign in with one. To be called in a transaction.
 */
export async function makePasswordLink(repositories: Repositories, user: UserRow, nowMs: number): Promise<OneTimeLink> {
  const unfit = whyWithoutPassword(user);
  if (unfit !== null) throw new HeadgateError("invalid_field", unfit);
  return make(repositories, "password", user.id, nowMs + passwordLifetimeMs, nowMs);
}

function whyWithoutPassword(user: UserRow): { field: string; message: string } | null {
  if (user.source !== "local") return { field: "source", message: "This user signs in with an identity provider." };
  if (user.email === null) return { field: "email", message: "This user has no e-mail address to sign in with." };
  return user.disabled_at === null ? null : { field: "disabled", message: "This user is disabled." };
}

/** The link with this secret, still good. Throws HeadgateError link_not_valid. */
export async function findLink(
  { oneTimeLinks }: Repositories,
  purpose: "setup" | "password",
  secret: string,
  nowMs: number,
): Promise<OneTimeLinkRow> {
  return valid(await oneTimeLinks.find(sessionDigest(secret), purpose, nowMs));
}

/** The same, and it is good no longer. */
export async function takeLink(
  { oneTimeLinks }: Repositories,
  purpose: "setup" | "password",
  secret: string,
  nowMs: number,
): Promise<OneTimeLinkRow> {
  return valid(await oneTimeLinks.take(sessionDigest(secret), purpose, nowMs));
}

function valid(row: OneTimeLinkRow | null): OneTimeLinkRow {
  if (row === null) throw new HeadgateError("link_not_valid");
  return row;
}

async function make(
  { oneTimeLinks }: Repositories,
  purpose: "setup" | "password",
  userId: string | null,
  expiresAtMs: number,
  nowMs: number,
): Promise<OneTimeLink> {
  const secret = newSessionSecret();
  await oneTimeLinks.deleteOf(purpose, userId);
  const row = { digest: sessionDigest(secret), purpose, user_id: userId, created_at: nowMs, expires_at: expiresAtMs };
  await oneTimeLinks.insert(row);
  return { path: `/dashboard/${purpose}#${secret}`, expiresAtMs };
}
