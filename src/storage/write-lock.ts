// A queue for the one connection that may write: SQLite has one writer at a time, so the next one waits here, not in the file.
import { StorageUnavailable } from "./ports/errors.ts";

interface Waiter {
  grant(): void;
}

export class WriteLock {
  #held = false;
  readonly #waiting: Waiter[] = [];
  readonly #waitTimeoutMs: number;

  constructor(waitTimeoutMs: number) {
    this.#waitTimeoutMs = waitTimeoutMs;
  }

  /** Resolves when it is the caller's turn; StorageUnavailable when that takes longer than the wait timeout. */
  acquire(): Promise<void> {
    if (!this.#held) {
      this.#held = true;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        grant: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(new StorageUnavailable(`waited ${this.#waitTimeoutMs} ms for another write to end`));
      }, this.#waitTimeoutMs);
      this.#waiting.push(waiter);
    });
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#held = false;
    else next.grant();
  }
}
