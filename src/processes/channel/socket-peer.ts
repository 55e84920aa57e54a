// One connection of a channel: what both of its sides do alike. Whatever comes over it, the worst that happens is that it ends.
import type { Socket } from "node:net";
import { deserialize } from "node:v8";
import type { Clock } from "../../core/clock.ts";
import { ChannelClosed, ChannelFault, ChannelFull, RemoteError, type SentError, sentErrorOf } from "./channel-errors.ts";
import type { ChannelHandlers, ChannelLimits, ChannelPeer } from "./channel-peer.ts";
import { FrameReader, frameBytesMaxDefault, frameOf } from "./frames.ts";
import { Outbox } from "./outbox.ts";
import { PendingCalls } from "./pending-calls.ts";

const kinds = { call: 1, tell: 2, answer: 3, failure: 4 } as const;
type Message =
  | [kind: typeof kinds.call, id: number, name: string, argument: unknown]
  | [kind: typeof kinds.tell, name: string, argument: unknown]
  | [kind: typeof kinds.answer, id: number, answer: unknown]
  | [kind: typeof kinds.failure, id: number, error: SentError];

const queuedBytesMaxDefault = 16 * 1024 * 1024;
const callsMaxDefault = 50_000;
/** Calls and answers may wait where what wants no answer is dropped. */
const callsQueueFactor = 4;
/** Of one turn of the event loop, for what has come: one read of the kernel's may bring megabytes. The rest waits for the next turn. */
const readMsMax = 2;
/** How long a side that reads no more keeps a closed connection. */
const closeAfterMs = 1000;

export interface SocketPeerOptions extends ChannelLimits {
  handlers: ChannelHandlers;
  clock: Clock;
  /** Once, when the connection is gone; its calls have been rejected by then. */
  onGone: (peer: ChannelPeer) => void;
  /** A connection that ended by a fault, or a handler that threw with nobody waiting for its answer. */
  onProblem?: ((error: Error) => void) | undefined;
}

export class SocketPeer implements ChannelPeer {
  readonly #socket: Socket;
  readonly #options: SocketPeerOptions;
  readonly #frameBytesMax: number;
  readonly #queuedBytesMax: number;
  readonly #callsMax: number;
  readonly #outbox: Outbox;
  readonly #pending: PendingCalls;
  readonly #reader: FrameReader;
  /** Spent in this turn of the event loop; null: nothing has come in it. */
  #readMs: number | null = null;
  #isOpen = true;

  /** The socket is connected. */
  constructor(socket: Socket, options: SocketPeerOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#frameBytesMax = options.frameBytesMax ?? frameBytesMaxDefault;
    this.#queuedBytesMax = options.queuedBytesMax ?? queuedBytesMaxDefault;
    this.#callsMax = options.callsMax ?? callsMaxDefault;
    this.#outbox = new Outbox(socket);
    this.#pending = new PendingCalls(options.clock);
    this.#reader = new FrameReader(this.#frameBytesMax, (payload) => this.#read(payload));
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    // 'close' follows.
    socket.on("error", () => undefined);
    socket.once("close", () => {
      this.#end();
      options.onGone(this);
    });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  async call<Answer>(name: string, argument: unknown, { timeoutMs }: { timeoutMs: number }): Promise<Answer> {
    if (!this.#isOpen) throw new ChannelClosed(name);
    if (this.#isFull || this.#pending.size >= this.#callsMax) throw new ChannelFull(name);
    const { id, answer } = this.#pending.add(name, timeoutMs);
    try {
      this.#send([kinds.call, id, name, argument]);
    } catch (error) {
      this.#pending.fail(id, unsendable(`the argument of ${name}`, error));
    }
    return (await answer) as Answer;
  }

  /** Throws when the argument can't be sent: that is a mistake of the program. */
  tell(name: string, argument: unknown): boolean {
    if (!this.#isOpen || this.#outbox.queuedBytes > this.#queuedBytesMax) return false;
    try {
      this.#send([kinds.tell, name, argument]);
    } catch (error) {
      throw unsendable(`the argument of ${name}`, error);
    }
    return true;
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#end();
    this.#outbox.flush();
    this.#socket.destroySoon();
    const timer = this.#options.clock.after(closeAfterMs, () => this.#socket.destroy());
    this.#socket.once("close", () => timer.cancel());
  }

  get #isFull(): boolean {
    return this.#outbox.queuedBytes > callsQueueFactor * this.#queuedBytesMax;
  }

  #end(): void {
    this.#isOpen = false;
    this.#pending.failAll();
  }

  #take(chunk: Buffer): void {
    const startedAt = performance.now();
    try {
      this.#reader.push(chunk);
    } catch (error) {
      return this.#break(error instanceof Error ? error : new ChannelFault("a frame can't be read"));
    }
    if (this.#readMs === null) {
      this.#readMs = 0;
      setImmediate(() => {
        this.#readMs = null;
        this.#socket.resume();
      });
    }
    this.#readMs += performance.now() - startedAt;
    if (this.#readMs > readMsMax) this.#socket.pause();
  }

  /** Nothing more can be read. */
  #break(error: Error): void {
    this.#end();
    this.#socket.destroy();
    this.#options.onProblem?.(error);
  }

  /** Throws when the message can't be cloned or is too long; nothing of it is sent then. */
  #send(message: Message): void {
    const frame = frameOf(message);
    if (frame.length > this.#frameBytesMax) throw new ChannelFault(`a frame of ${frame.length} bytes`);
    this.#outbox.put(frame);
  }

  #read(payload: Buffer): void {
    // Closed by what the same chunk has brought before.
    if (!this.#isOpen) return;
    const message = messageOf(payload);
    switch (message[0]) {
      case kinds.call:
        return this.#answer(message[1], message[2], message[3]);
      case kinds.tell:
        return this.#hear(message[1], message[2]);
      case kinds.answer:
        return this.#pending.succeed(message[1], message[2]);
      case kinds.failure:
        return this.#pending.fail(message[1], new RemoteError(message[2]));
    }
  }

  #answer(id: number, name: string, argument: unknown): void {
    try {
      const answer = this.#handle(name, argument);
      if (!isPromise(answer)) return this.#sendAnswer(id, name, answer);
      answer.then(
        (value) => this.#sendAnswer(id, name, value),
        (error) => this.#sendFailure(id, error),
      );
    } catch (error) {
      this.#sendFailure(id, error);
    }
  }

  #hear(name: string, argument: unknown): void {
    const report = (error: unknown) => this.#options.onProblem?.(error instanceof Error ? error : new Error(`${name} failed`));
    try {
      const done = this.#handle(name, argument);
      if (isPromise(done)) done.then(undefined, report);
    } catch (error) {
      report(error);
    }
  }

  #handle(name: string, argument: unknown): unknown {
    const { handlers } = this.#options;
    const handler = Object.hasOwn(handlers, name) ? handlers[name] : undefined;
    if (handler === undefined) throw new ChannelFault(`nothing here is called ${name}`);
    return handler(argument as never, this);
  }

  #sendAnswer(id: number, name: string, answer: unknown): void {
    if (!this.#isOpen) return;
    if (this.#isFull) return this.#sendFailure(id, new ChannelFull(name));
    try {
      this.#send([kinds.answer, id, answer]);
    } catch (error) {
      this.#sendFailure(id, unsendable(`the answer of ${name}`, error));
    }
  }

  #sendFailure(id: number, error: unknown): void {
    if (this.#isOpen) this.#send([kinds.failure, id, sentErrorOf(error)]);
  }
}

function unsendable(what: string, cause: unknown): ChannelFault {
  return new ChannelFault(`${what} can't be sent`, cause);
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/** Throws ChannelFault when it is none. */
function messageOf(payload: Buffer): Message {
  let value: unknown;
  try {
    value = deserialize(payload);
  } catch (error) {
    throw new ChannelFault("a frame that holds no value", error);
  }
  if (!isMessage(value)) throw new ChannelFault("a frame that holds no message");
  return value;
}

function isMessage(value: unknown): value is Message {
  if (!Array.isArray(value)) return false;
  switch (value[0]) {
    case kinds.call:
      return value.length === 4 && typeof value[1] === "number" && typeof value[2] === "string";
    case kinds.tell:
      return value.length === 3 && typeof value[1] === "string";
    case kinds.answer:
      return value.length === 3 && typeof value[1] === "number";
    case kinds.failure:
      return value.length === 3 && typeof value[1] === "number" && isSentError(value[2]);
    default:
      return false;
  }
}

function isSentError(value: unknown): value is SentError {
  const { name, message } = (value ?? {}) as Partial<SentError>;
  return typeof name === "string" && typeof message === "string";
}
