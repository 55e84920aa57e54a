// The two ways to talk over a channel, and how the other side's talk is answered.

/** One side's functions: by name, one argument, an answer or a promise of it. */
export type ChannelHandlers = Record<string, (argument: never, peer: ChannelPeer) => unknown>;

export interface ChannelPeer {
  readonly isOpen: boolean;
  /**
   * The answer of the other side's handler of that name. Rejects with ChannelClosed when the connection goes or is not there, ChannelTimeout
   * after `timeoutMs`, ChannelFull when too much waits already, or RemoteError: name, message and code of what the handler threw.
   */
  call<Answer>(name: string, argument: unknown, options: { timeoutMs: number }): Promise<Answer>;
  /** No answer wanted; false: there is no connection, or more than `queuedBytesMax` waits: dropped. */
  tell(name: string, argument: unknown): boolean;
  /** Ends the connection; what was said before goes out first. */
  close(): void;
}

/** What both sides of a channel may set. */
export interface ChannelLimits {
  /** A longer frame ends the connection, and is not sent either. By default 256 MB: snapshots can be large. */
  frameBytesMax?: number | undefined;
  /** While more than this waits to be sent, `tell` drops; while more than four times this, calls are refused. By default 16 MB. */
  queuedBytesMax?: number | undefined;
  /** While this many calls of this side wait for their answers, others are refused. By default 50,000. */
  callsMax?: number | undefined;
}
