// Accounts with a password: the first administrator, sign-in, new passwords.
import { HeadgateError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import type { Logger } from "../../core/logger.ts";
import type { UserRow } from "../../storage/ports/people.ts";
import type { Repositories, Storage } from "../../storage/ports/storage.ts";
import type { Actor } from "../admin/authorize/actor.ts";
import { recordChange } from "../audit/record-change.ts";
import { usersChanged } from "../identity/people-change.ts";
import { checkPassword } from "./check-password.ts";
import { FailedSignInLog } from "./failed-sign-in-log.ts";
import { findLink, isSetupRequired, takeLink } from "./one-time-link.ts";
import { hashPassword, isPassword, PasswordsBusy } from "./password-hash.ts";
import { holdUser, type NewSession, type SignInSource, startSession } from "./session.ts";
import type { SignInThrottle } from "./sign-in-throttle.ts";

export interface AccountsOptions {
  database: () => Storage;
  throttle: SignInThrottle;
  nowMs: () => number;
  /** What failed tries are counted by. */
  throttleKey: (address: string) => string;
  log: Logger;
}

export interface SignedIn {
  user: UserRow;
  session: NewSession;
}

/** Of a request, for the log of changes. */
export interface Asked extends SignInSource {
  requestId: string;
}

const busyRetrySeconds = 5;

/** Passwords are hashed outside of transactions: others would wait for them. */
export class Accounts {
  readonly #options: AccountsOptions;
  readonly #failures: FailedSignInLog;

  constructor(options: AccountsOptions) {
    this.#options = options;
    this.#failures = new FailedSignInLog(options.log);
  }

  /** Makes the first administrator and signs them in. Throws link_not_valid, invalid_field or name_conflict. */
  async setUp(
    { secret, name, email, password }: { secret: string; name: string; email: string; password: string },
    asked: Asked,
  ): Promise<SignedIn> {
    const { database, nowMs } = this.#options;
    await findLink(database(), "setup", secret, nowMs());
    checkPassword(password, { name, email });
    const hash = await this.#unlessBusy(hashPassword(password));
    return database().transaction(async (tx) => {
      await takeLink(tx, "setup", secret, nowMs());
      if (!(await isSetupRequired(tx))) throw new HeadgateError("link_not_valid");
      const user = newAdministrator({ name, email, hash, nowMs: nowMs() });
      await tx.users.insert(user);
      await tx.meta.bumpConfigVersion(usersChanged([user.id]));
      const after = { name, email, role: user.role, has_password: true };
      await record(tx, actorOf(user, asked), asked, "user.set_up", user, null, after, nowMs());
      return { user, session: await startSession(tx, user.id, "setup", asked, nowMs()) };
    });
  }

  /**
   * Rejects with invalid_credentials whatever is wrong, and after as long whatever that is: no such account, another password, an account
   * without one, one that is disabled. With rate_limit_exceeded after too many tries.
   */
  async signIn(email: string, password: string, asked: Asked): Promise<SignedIn> {
    const { database, nowMs } = this.#options;
    return this.#counted(email, asked, async () => {
      const user = await database().users.getByEmail(email.trim());
      const fits = await this.#unlessBusy(isPassword(password, user?.password_hash ?? null));
      if (user === null || !fits || user.disabled_at !== null) {
        const reason = user === null ? "unknown_account" : fits ? "disabled" : "wrong_password";
        this.#failures.failed(asked, reason, user?.id ?? null, nowMs());
        throw new HeadgateError("invalid_credentials");
      }
      const session = await database().transaction(async (tx) => {
        requireUnchanged(user, await holdUser(tx, user.id, nowMs()));
        return startSession(tx, user.id, "password", asked, nowMs());
      });
      return { user, session };
    });
  }

  /**
   * One's own. All sessions of the user end, the asking one too: whoever has its secret does not keep it. A new one begins. Rejects with
   * invalid_credentials, rate_limit_exceeded, not_allowed or invalid_field.
   */
  async changePassword(actor: Actor, current: string, password: string, asked: Asked): Promise<SignedIn> {
    const { database, nowMs } = this.#options;
    const user = actor.sessionId === null || actor.userId === null ? null : await database().users.get(actor.userId);
    if (user === null || user.password_hash === null) {
      throw new HeadgateError("not_allowed", { message: "Only who is signed in to an account with a password can change it." });
    }
    // Whoever has found an open browser could try passwords as well.
    await this.#counted(user.email ?? user.id, asked, async () => {
      if (await this.#unlessBusy(isPassword(current, user.password_hash))) return;
      this.#failures.failed(asked, "wrong_current_password", user.id, nowMs());
      throw new HeadgateError("invalid_credentials", { message: "The current password is wrong.", field: "current_password" });
    });
    checkPassword(password, user);
    const hash = await this.#unlessBusy(hashPassword(password));
    const session = await database().transaction(async (tx) => {
      requireUnchanged(user, await holdUser(tx, user.id, nowMs()));
      await setPassword(tx, user, hash, nowMs());
      await record(tx, actor, asked, "user.change_password", user, { password: "old" }, { password: "new" }, nowMs());
      return startSession(tx, user.id, "password", asked, nowMs());
    });
    return { user, session };
  }

  /** By a link; all sessions of the user end. Rejects with link_not_valid or invalid_field. */
  async resetPassword(secret: string, password: string, asked: Asked): Promise<void> {
    const { database, nowMs } = this.#options;
    const user = await userOfLink(database(), (await findLink(database(), "password", secret, nowMs())).user_id);
    checkPassword(password, user);
    const hash = await this.#unlessBusy(hashPassword(password));
    await database().transaction(async (tx) => {
      await userOfLink(tx, (await takeLink(tx, "password", secret, nowMs())).user_id);
      await setPassword(tx, user, hash, nowMs());
      const changed = [{ password: user.password_hash && "old" }, { password: "new" }] as const;
      await record(tx, actorOf(user, asked), asked, "user.reset_password", user, ...changed, nowMs());
    });
    const { throttle, throttleKey } = this.#options;
    if (user.email !== null) throttle.forgive(user.email, throttleKey(asked.address ?? "unknown"));
  }

  /** A try to be held back by the throttle. It counts where `look` rejects with invalid_credentials: else nobody has found a password wrong. */
  async #counted<T>(account: string, asked: Asked, look: () => Promise<T>): Promise<T> {
    const attempt = this.#begin(account, asked);
    try {
      const result = await look();
      attempt.succeeded();
      return result;
    } catch (error) {
      if (!(error instanceof HeadgateError) || error.code !== "invalid_credentials") attempt.withdrawn();
      throw error;
    }
  }

  #begin(account: string, asked: Asked) {
    const { throttle, throttleKey, nowMs } = this.#options;
    const begun = throttle.begin(account, throttleKey(asked.address ?? "unknown"), nowMs());
    if (typeof begun !== "number") return begun;
    this.#failures.failed(asked, "throttled", null, nowMs());
    const retryAfterSeconds = Math.ceil(begun / 1000);
    const message = `Too many sign-ins have failed. Try again in ${retryAfterSeconds} s.`;
    throw new HeadgateError("rate_limit_exceeded", { message, retryAfterSeconds });
  }

  async #unlessBusy<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (!(error instanceof PasswordsBusy)) throw error;
      const message = "Too many people are signing in at this moment. Try again shortly.";
      throw new HeadgateError("rate_limit_exceeded", { message, retryAfterSeconds: busyRetrySeconds, cause: error });
    }
  }
}

/** What has changed while the password of `user` was looked at counts: it may have been taken from them. */
function requireUnchanged(user: UserRow, now: UserRow | null): void {
  if (now === null || now.disabled_at !== null || now.password_hash !== user.password_hash) {
    throw new HeadgateError("invalid_credentials");
  }
}

async function userOfLink({ users }: Repositories, userId: string | null): Promise<UserRow> {
  const user = userId === null ? null : await users.get(userId);
  if (user === null || user.disabled_at !== null || user.source !== "local") throw new HeadgateError("link_not_valid");
  return user;
}

/** Links that were made before are good no longer: a forgotten one would undo this. */
async function setPassword(tx: Repositories, user: UserRow, hash: string, nowMs: number): Promise<void> {
  await tx.users.update(user.id, { password_hash: hash, updated_at: nowMs });
  await tx.sessions.deleteOfUser(user.id);
  await tx.oneTimeLinks.deleteOf("password", user.id);
}

function newAdministrator(of: { name: string; email: string; hash: string; nowMs: number }): UserRow {
  return {
    id: newId("usr"),
    name: of.name,
    email: of.email,
    username: null,
    role: "administrator",
    source: "local",
    subject: null,
    primary_group_id: null,
    limits: null,
    last_seen_at: of.nowMs,
    password_hash: of.hash,
    disabled_at: null,
    created_at: of.nowMs,
    updated_at: of.nowMs,
    version: 1,
  };
}

/** Who holds a user's link is that user. */
function actorOf(user: UserRow, { address }: Asked): Actor {
  const { id, name } = user;
  return { kind: "user", id, name, role: user.role as Actor["role"], userId: id, groupIds: [], sessionId: null, address };
}

function record(
  tx: Repositories,
  actor: Actor,
  { requestId }: Asked,
  action: string,
  { id, name }: UserRow,
  before: object | null,
  after: object | null,
  nowMs: number,
): Promise<void> {
  return recordChange(tx, { actor, requestId, action, resource: { kind: "user", id, name }, before, after, nowMs });
}
