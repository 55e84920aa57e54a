// For promises such as "within a second" about what runs in the test's own process: how long that process stood still meanwhile.

const everyMs = 20;
/** No more than this is how timers are, on a machine that has other things to do. */
const usualDelayMs = 100;

export class Standstill {
  #totalMs = 0;
  #lookedAtMs = performance.now();
  readonly #timer = setInterval(() => this.#look(), everyMs);

  /** From the start up to now. */
  get totalMs(): number {
    this.#look();
    return this.#totalMs;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const nowMs = performance.now();
    const lateMs = nowMs - this.#lookedAtMs - everyMs;
    this.#lookedAtMs = nowMs;
    if (lateMs > usualDelayMs) this.#totalMs += lateMs;
  }
}
