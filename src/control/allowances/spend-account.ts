// What one holder of a budget has spent since a period of it began, nano-dollars.

/** Where the sum of what was spent before comes from; `nothing`: nobody has said yet. */
export type SpendSource = "ledger" | "checkpoint" | "nothing";

export class SpendAccount {
  /** `key:key_…` */
  readonly subject: string;
  readonly startMs: number;
  source: SpendSource;
  /** What the ledger had when it was asked. */
  knownNanoUsd = 0;
  /** What calls have used here that the sum may not have. */
  tailNanoUsd = 0;
  /** Of calls under way. */
  reservedNanoUsd = 0;
  openCalls = 0;
  /** How many calls have been settled, and when the last was. */
  settlements = 0;
  settledAtMs = 0;
  /** The ledger has not been read since everything here was in it. */
  isUnsettled = true;
  /** No longer the holder's: whoever has it has to ask for another. */
  isDropped = false;

  constructor(subject: string, startMs: number, source: SpendSource) {
    this.subject = subject;
    this.startMs = startMs;
    this.source = source;
  }

  get spentNanoUsd(): number {
    return Math.max(0, this.knownNanoUsd + this.tailNanoUsd);
  }

  reserve(nanoUsd: number): void {
    this.reservedNanoUsd += nanoUsd;
    this.openCalls++;
  }

  /** `reservedNanoUsd`: what `reserve` was told. */
  settle(reservedNanoUsd: number, usedNanoUsd: number, nowMs: number): void {
    this.reservedNanoUsd -= reservedNanoUsd;
    this.openCalls--;
    this.tailNanoUsd += usedNanoUsd;
    this.settlements++;
    this.settledAtMs = nowMs;
    this.isUnsettled = true;
  }
}
