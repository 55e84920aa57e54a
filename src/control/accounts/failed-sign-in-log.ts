// Failed sign-ins in the log, for whoever looks for attacks: not so many that the log itself becomes one.
import type { Logger } from "../../core/logger.ts";

interface FailedSignIn {
  requestId: string;
  address: string | null;
}

type SignInFailureReason = "unknown_account" | "wrong_password" | "wrong_current_password" | "disabled" | "throttled";

const windowMs = 60_000;
const ofAddressMax = 10;
const ofAllMax = 60;

/** What was typed is never told: people type passwords where e-mail addresses belong. */
export class FailedSignInLog {
  readonly #log: Logger;
  #beganMs = 0;
  #told = 0;
  #leftOut = 0;
  /** No more entries than lines. */
  readonly #toldOf = new Map<string, number>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** `userId`: of an account that there is. */
  failed({ requestId, address }: FailedSignIn, reason: SignInFailureReason, userId: string | null, nowMs: number): void {
    // The clock may have been set back.
    if (nowMs < this.#beganMs || nowMs >= this.#beganMs + windowMs) {
      this.#beganMs = nowMs;
      this.#told = 0;
      this.#toldOf.clear();
    }
    const key = address ?? "unknown";
    const toldOf = this.#toldOf.get(key) ?? 0;
    if (this.#told >= ofAllMax || toldOf >= ofAddressMax) {
      this.#leftOut++;
      return;
    }
    this.#told++;
    this.#toldOf.set(key, toldOf + 1);
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    this.#log.warn(
      {
        request_id: requestId,
        address,
        reason,
        ...(userId !== null && { user_id: userId }),
        ...(leftOut > 0 && { failures_not_logged: leftOut }),
      },
      "a sign-in with a password has failed",
    );
  }
}
