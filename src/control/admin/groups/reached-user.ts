// Users whom somebody may put into a group: administrators anybody, managers those whom they see, and others by their exact e-mail address.
import type { FastifyRequest } from "fastify";
import { HeadgateError } from "../../../core/errors.ts";
import type { UserRow } from "../../../storage/ports/people.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import type { SignInThrottle } from "../../accounts/sign-in-throttle.ts";
import { found } from "../answers.ts";
import { isOwned, ownedByAsker } from "../authorize/reach.ts";

type Asked = Pick<FastifyRequest, "actor" | "reach">;

/** Throws HeadgateError not_found, also for a user who is there and whom the asker does not see. */
export async function reachedUser(repositories: Repositories, request: Asked, userId: string): Promise<UserRow> {
  const isInReach = await isOwned(repositories, ownedByAsker(request), { user_id: userId, group_id: null });
  return found(isInReach ? await repositories.users.get(userId) : null, "user");
}

/**
 * The one user with this address who is not disabled. Throws HeadgateError not_found, invalid_field where there are several, and for
 * managers not_allowed about users who are more than members, and rate_limit_exceeded after too many guesses.
 */
export async function userWithEmail(
  { users }: Repositories,
  { actor, reach }: Asked,
  email: string,
  throttle: SignInThrottle,
  nowMs: number,
): Promise<UserRow> {
  const guess = reach === "all" ? null : throttle.begin("e-mail addresses", actor?.userId ?? "", nowMs);
  if (typeof guess === "number") {
    const retryAfterSeconds = Math.ceil(guess / 1000);
    const message = `Too many e-mail addresses were nobody's. Try again in ${retryAfterSeconds} s.`;
    throw new HeadgateError("rate_limit_exceeded", { message, retryAfterSeconds });
  }
  const [user, another] = await users.withEmail(email.trim(), 2);
  if (user === undefined) throw new HeadgateError("not_found", { message: "There is no user with this e-mail address." });
  guess?.withdrawn();
  if (another !== undefined)
    throw new HeadgateError("invalid_field", { field: "email", message: "email: more than one user has this address" });
  // Managers see what members of their groups do, and make keys in their names: nobody comes by that over who may do more than they.
  if (reach === "all" || user.role === "member") return user;
  throw new HeadgateError("not_allowed", {
    message: "This user's role is more than 'member': an administrator puts them into groups.",
  });
}
