// What one call has been admitted with, in a single process: what it took of each subject, to be given back or corrected at its end.
import type { Reservation, Standing, Used } from "../../domain/allowance.ts";
import type { RatedSubject } from "./rated-subject.ts";
import type { SlidingWindow } from "./sliding-window.ts";
import type { SpendAccount } from "./spend-account.ts";

/** What the call took of one subject. */
export class Hold {
  readonly subject: RatedSubject;
  /** Null: its tokens were not limited then. */
  tokens: SlidingWindow | null = null;
  tokensTaken = 0;
  /** What the window gave for it. */
  takenAt = 0;
  /** Null: it had no budget then. */
  account: SpendAccount | null = null;
  reservedNanoUsd = 0;

  constructor(subject: RatedSubject) {
    this.subject = subject;
  }
}

/** Hears of subjects that a call has let go of. */
export interface HoldOwner {
  /** `isLater`: what it has used counts for longer than it did. */
  released(subject: RatedSubject, isLater: boolean, nowMs: number): void;
}

export class MemoryReservation implements Reservation {
  readonly kind = "reserved";
  readonly standing: Standing;
  readonly #owner: HoldOwner;
  #holds: Hold[] | null;

  constructor(owner: HoldOwner, holds: Hold[], standing: Standing) {
    this.#owner = owner;
    this.#holds = holds;
    this.standing = standing;
  }

  settle(used: Used, nowMs: number): void {
    const holds = this.#holds;
    if (holds === null) return;
    this.#holds = null;
    for (const hold of holds) {
      const isLater = hold.tokens?.correct(hold.takenAt, used.tokens - hold.tokensTaken, nowMs) ?? false;
      hold.account?.settle(hold.reservedNanoUsd, used.costNanoUsd, nowMs);
      hold.subject.running--;
      this.#owner.released(hold.subject, isLater, nowMs);
    }
  }
}
