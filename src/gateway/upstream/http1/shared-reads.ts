// Sockets that read into one buffer and hand out copies: cheaper than 64 KB of fresh memory for every read.
import type { OnReadOpts, Socket } from "node:net";

const buffer = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * The `onread` option of `net.connect` and `tls.connect`. Its sockets emit `data` as all do, and pause and resume; nothing
 * can be taken from them with `read()`.
 */
export const sharedReads: OnReadOpts = {
  buffer,
  // Node calls it as a method of the socket.
  callback(this: Socket, bytes: number): boolean {
    const chunk = Buffer.allocUnsafe(bytes);
    buffer.copy(chunk, 0, 0, bytes);
    this.emit("data", chunk);
    return true;
  },
};
