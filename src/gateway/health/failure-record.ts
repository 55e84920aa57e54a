// What a deployment's own attempts say against it: failures in a row, and how many of the last half minute.
import { OutcomeWindow } from "./outcome-window.ts";

const failuresInRowMax = 5;
const outcomesMin = 20;
const failureRatioMax = 0.5;

/**
 * Failures before the first byte and answers that break off are rows of their own: a first byte ends the one, a complete
 * answer the other. So long streams count for a deployment as soon as they begin, and one that breaks all of them off is
 * noticed all the same.
 */
export class FailureRecord {
  readonly #window = new OutcomeWindow();
  #unansweredInRow = 0;
  #brokenInRow = 0;

  get inRow(): number {
    return Math.max(this.#unansweredInRow, this.#brokenInRow);
  }

  /** Of the last 30 s, from 0 to 1; null without outcomes. */
  ratio(nowMs: number): number | null {
    return this.#window.failureRatio(nowMs);
  }

  /** A first byte came. */
  answered(nowMs: number): void {
    this.#unansweredInRow = 0;
    this.#window.succeeded(nowMs);
  }

  /** An answer came to its end, after its first byte was counted. */
  completed(): void {
    this.#brokenInRow = 0;
  }

  /** `firstByteAtMs`: when the attempt that failed was counted as answered; null when it was not. */
  failed(firstByteAtMs: number | null, nowMs: number): void {
    if (firstByteAtMs === null) {
      this.#unansweredInRow++;
      this.#window.failed(nowMs);
    } else {
      this.#brokenInRow++;
      this.#window.brokeOff(firstByteAtMs, nowMs);
    }
  }

  /** Why the deployment has to be benched, in words; null: it need not. */
  reasonToBench(nowMs: number): string | null {
    if (this.inRow >= failuresInRowMax) return `${this.inRow} failures in a row`;
    const total = this.#window.total(nowMs);
    const ratio = this.#window.failureRatio(nowMs) ?? 0;
    if (total < outcomesMin || ratio < failureRatioMax) return null;
    return `${Math.round(ratio * total)} of ${total} failed`;
  }

  clear(): void {
    this.#window.clear();
    this.#unansweredInRow = 0;
    this.#brokenInRow = 0;
  }
}
