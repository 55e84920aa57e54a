// The named waits of a call, in ms.

export interface Timeouts {
  /** Until the TCP and TLS connection stands. */
  connectMs: number;
  /** From the request being sent to the first byte of the answer; null: 60 s for streams, `totalMs` for plain answers. */
  firstByteMs: number | null;
  /** Longest silence between meaningful events of an answer; keep-alive comments don't count. */
  idleMs: number;
  /** From the attempt's start (the first one's: the request's arrival) to the last byte of the answer. */
  totalMs: number;
}

const streamFirstByteMs = 60_000;

/** How long the first byte is waited for when the timeouts leave it open. */
export function firstByteMsOf({ firstByteMs, totalMs }: Timeouts, isStream: boolean): number {
  return firstByteMs ?? (isStream ? streamFirstByteMs : totalMs);
}

export const defaultTimeouts: Readonly<Timeouts> = Object.freeze({
  connectMs: 5000,
  firstByteMs: null,
  idleMs: 60_000,
  totalMs: 600_000,
});
