// What even administrators don't do to accounts: change their own standing, or leave the installation without an administrator.
import { HeadgateError } from "../../../core/errors.ts";
import type { UserRow } from "../../../storage/ports/people.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import type { Actor } from "../authorize/actor.ts";

/** `changes` null: the account is to be deleted. Throws HeadgateError not_allowed. */
export function refuseOwnStanding(actor: Actor, user: UserRow, changes: Partial<UserRow> | null): void {
  if (actor.userId !== user.id) return;
  const another = "another administrator does that.";
  if (changes === null) throw notAllowed(`Nobody deletes their own account: ${another}`);
  if (changes.role !== undefined && changes.role !== user.role)
    throw notAllowed(`Nobody changes their own role: ${another}`, "role");
  if (changes.disabled_at != null && user.disabled_at === null)
    throw notAllowed(`Nobody disables their own account: ${another}`, "disabled");
}

/**
 * To be called in the transaction, after `user` (as it was before) was changed or deleted and after `meta.bumpConfigVersion`, at which
 * such transactions wait for one another: of the last two administrators, who demote each other at once, one stays. Throws HeadgateError
 * not_allowed.
 */
export async function keepAnAdministrator({ users }: Repositories, user: UserRow): Promise<void> {
  if (user.role !== "administrator" || user.disabled_at !== null) return;
  if ((await users.countOfRole("administrator")) > 0) return;
  throw notAllowed("This is the last account of an administrator: make another one first.");
}

function notAllowed(message: string, field?: string): HeadgateError {
  return new HeadgateError("not_allowed", { message, ...(field === undefined ? {} : { field }) });
}
