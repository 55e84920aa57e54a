// Questions to one identity provider: JSON or ProviderUnavailable, and a word in the log when it is our own set-up that it refuses.
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import { classifyFailure } from "../../egress/failure.ts";
import type { HttpClient, Question, Reply } from "../../egress/http-client.ts";
import { asRecord } from "./claims.ts";
import { ProviderUnavailable } from "./token-provider.ts";

export interface ProviderAccess {
  client: HttpClient;
  clock: Clock;
  log: Logger;
  /** For each call. */
  callTimeoutMs: number;
}

export type ProviderQuestion = Omit<Question, "timeoutMs">;

const warnedEveryMs = 60_000;
/** Codes of RFC 6749 and its kin; anything else may be text that repeats what was sent. */
const oauthErrorCode = /^[a-z_]{1,40}$/;

export class ProviderRequests {
  readonly #name: string;
  readonly #access: ProviderAccess;
  #warnedAtMs = Number.NEGATIVE_INFINITY;

  constructor(name: string, access: ProviderAccess) {
    this.#name = name;
    this.#access = access;
  }

  /**
   * The JSON of a 200. Undefined: the provider answers 400 with one of `tokenErrors`, which are about the token and not
   * about us. Rejects with ProviderUnavailable in all other cases; `step` says what was asked.
   */
  async json(step: string, question: ProviderQuestion, tokenErrors: readonly string[] = []): Promise<unknown> {
    const { status, text } = await this.#ask(step, question);
    const body = parse(text);
    if (status === 200) {
      if (body === undefined) throw new ProviderUnavailable(`${step}: the answer is not JSON`);
      return body;
    }
    const error = errorCodeOf(body);
    if (status === 400 && error !== null && tokenErrors.includes(error)) return undefined;
    const detail = `${step}: status ${status}${error === null ? "" : ` (${error})`}`;
    // 401 and 400 are about the client's id and secret, 3xx and 404 about the URL: no caller can get in until somebody mends it.
    if (status < 500 && status !== 408 && status !== 429) throw this.misconfigured(detail);
    throw new ProviderUnavailable(detail);
  }

  /** For what an administrator has to mend; said in the log at most once a minute. */
  misconfigured(detail: string): ProviderUnavailable {
    const { clock, log } = this.#access;
    const nowMs = clock.nowMs();
    if (nowMs - this.#warnedAtMs >= warnedEveryMs) {
      this.#warnedAtMs = nowMs;
      log.warn(
        { provider: this.#name, detail },
        "an identity provider refuses Headgate itself: check its client id, secret and URL",
      );
    }
    return new ProviderUnavailable(detail);
  }

  async #ask(step: string, question: ProviderQuestion): Promise<Reply> {
    const { client, callTimeoutMs } = this.#access;
    const startedAt = performance.now();
    const left = () => callTimeoutMs - (performance.now() - startedAt);
    for (let isRetry = false; ; isRetry = true) {
      try {
        return await client.ask({ ...question, timeoutMs: Math.max(1, left()) });
      } catch (error) {
        const { code } = classifyFailure(error);
        // A connection that was kept open has turned out to be closed: nobody has looked at the question, which changes nothing anyway.
        const isStale = code === "connection_reset" && !isRetry && left() > 0;
        if (!isStale) throw new ProviderUnavailable(`${step}: ${code}`);
      }
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function errorCodeOf(body: unknown): string | null {
  const { error } = asRecord(body);
  return typeof error === "string" && oauthErrorCode.test(error) ? error : null;
}
