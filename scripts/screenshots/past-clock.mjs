// A clock that begins in the past and is put forward: so that days of use are recorded in a minute.

/** As Headgate takes it; timers run as ever. */
export class PastClock {
  #behindMs;

  constructor(behindMs) {
    this.#behindMs = behindMs;
  }

  nowMs() {
    return Date.now() - this.#behindMs;
  }

  after(delayMs, callback) {
    const handle = setTimeout(callback, delayMs);
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  }

  /** Never back. */
  moveTo(behindMs) {
    this.#behindMs = Math.min(this.#behindMs, behindMs);
  }
}
