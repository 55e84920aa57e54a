// What a call over a channel rejects with. None of these holds an argument or an answer: those may carry credentials.

/** There is no connection, or it went before the answer came: whether the other side did anything is not known. */
export class ChannelClosed extends Error {
  readonly code = "channel_closed";
  constructor(callName: string) {
    super(`the channel is closed (call ${callName})`);
    this.name = "ChannelClosed";
  }
}

/** No answer in time. One that comes later is dropped. */
export class ChannelTimeout extends Error {
  readonly code = "channel_timeout";
  constructor(callName: string, timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms (call ${callName})`);
    this.name = "ChannelTimeout";
  }
}

/** More waits to be sent, or to be answered, than may: the call was not made. As RemoteError of this name: its answer was not sent. */
export class ChannelFull extends Error {
  readonly code = "channel_full";
  constructor(callName: string) {
    super(`too much is waiting on the channel (call ${callName})`);
    this.name = "ChannelFull";
  }
}

/** What came is none of our frames. It ends the connection. */
export class ChannelFault extends Error {
  readonly code = "channel_fault";
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "ChannelFault";
  }
}

/** An error as it crosses. */
export interface SentError {
  name: string;
  message: string;
  code: string | null;
}

/** What the other side's handler threw: with its `name`, so that `StorageUnavailable` is one here as well, but without its stack. */
export class RemoteError extends Error {
  readonly code: string | null;
  constructor({ name, message, code }: SentError) {
    super(message);
    this.name = name;
    this.code = code;
  }
}

/** Of something thrown that is no Error only that is said: it could be anything. */
export function sentErrorOf(thrown: unknown): SentError {
  if (!(thrown instanceof Error)) return { name: "Error", message: "something that is no Error was thrown", code: null };
  const { code } = thrown as { code?: unknown };
  return { name: String(thrown.name), message: String(thrown.message), code: typeof code === "string" ? code : null };
}
