// The requests a scripted provider got, in order, and the ways in which tests pick them: take one, or wait for one.
import type { RecordedRequest } from "./recorded-request.ts";
import { isModelList } from "./usual-answer.ts";

/** A path (without query), a path's pattern, or any question about the request's head. */
export type Match = string | RegExp | ((request: RecordedRequest) => boolean);

export interface WaitOptions {
  /** Default: calls, not model lists. */
  match?: Match;
  /** Rejects after this; default 10,000. */
  timeoutMs?: number;
  /** "head": as soon as the head is there, for clients that never finish their body. Default "complete". */
  at?: "head" | "complete";
}

/** Everything but discovery. */
export const isCall = (request: RecordedRequest): boolean => !isModelList(request);

export function matches(match: Match, request: RecordedRequest): boolean {
  if (typeof match === "string") return request.path === match;
  return match instanceof RegExp ? match.test(request.path) : match(request);
}

export class RequestLog {
  readonly requests: RecordedRequest[] = [];
  readonly #taken = new Set<RecordedRequest>();
  readonly #waiting = new Set<() => void>();

  add(request: RecordedRequest): void {
    this.requests.push(request);
    this.#changed();
    void request.received.then(() => this.#changed());
  }

  take(match: Match): RecordedRequest {
    const request = this.#oldest(match, "complete");
    if (request === undefined) throw new Error(`the provider has no such request; it got ${this.#summary()}`);
    this.#taken.add(request);
    return request;
  }

  async wait({ match = isCall, timeoutMs = 10_000, at = "complete" }: WaitOptions): Promise<RecordedRequest> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const request = this.#oldest(match, at);
      if (request !== undefined) {
        this.#taken.add(request);
        return request;
      }
      const leftMs = deadline - Date.now();
      if (leftMs <= 0) throw new Error(`no such request within ${timeoutMs} ms; the provider got ${this.#summary()}`);
      await this.#change(leftMs);
    }
  }

  clear(): void {
    this.requests.length = 0;
    this.#taken.clear();
  }

  #oldest(match: Match, at: "head" | "complete"): RecordedRequest | undefined {
    return this.requests.find((request) => {
      return !this.#taken.has(request) && (at === "head" || request.complete) && matches(match, request);
    });
  }

  #changed(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  #change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, timeoutMs);
      this.#waiting.add(wake);
    });
  }

  #summary(): string {
    return this.requests.map(({ method, url }) => `${method} ${url}`).join(", ") || "nothing";
  }
}
