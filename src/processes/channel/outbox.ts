// What waits to be written to a connection: all that one turn of the event loop has brought goes out in one write.
import type { Socket } from "node:net";

/** Up to this, copying frames into one buffer costs less than handing them over one by one. */
const joinedBytesMax = 256 * 1024;

export class Outbox {
  readonly #socket: Socket;
  #frames: Buffer[] = [];
  #bytes = 0;
  #isScheduled = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Bytes that the kernel has not taken yet. */
  get queuedBytes(): number {
    return this.#bytes + this.#socket.writableLength;
  }

  put(frame: Buffer): void {
    this.#frames.push(frame);
    this.#bytes += frame.length;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.flush());
  }

  /** Writes at once what waits for the end of the turn. */
  flush(): void {
    this.#isScheduled = false;
    const frames = this.#frames;
    const bytes = this.#bytes;
    this.#frames = [];
    this.#bytes = 0;
    if (frames.length === 0 || !this.#socket.writable) return;
    if (frames.length > 1 && bytes <= joinedBytesMax) {
      this.#socket.write(Buffer.concat(frames, bytes));
      return;
    }
    this.#socket.cork();
    for (const frame of frames) this.#socket.write(frame);
    this.#socket.uncork();
  }
}
