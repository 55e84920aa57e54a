// The answer to a caller, as far as a call needs it: node:http's answers are such, and those that are written without it.
import type { Socket } from "node:net";

export interface CallerReply {
  /** Whether the connection is to live on, as far as the answer's head has not said it yet. */
  shouldKeepAlive: boolean;
  readonly headersSent: boolean;
  /** All of it is with the operating system. */
  readonly writableFinished: boolean;
  readonly destroyed: boolean;
  /** Its end is told by the last chunk. */
  readonly chunkedEncoding: boolean;
  /** Null while the answer to an earlier request is being written, and when this one has been. */
  readonly socket: Socket | null;
  /** Of what was set before `writeHead`. */
  getHeader(name: string): number | string | string[] | undefined;
  /** `headers`: flat list of names and values. */
  writeHead(status: number, headers: string[]): unknown;
  /** False: `drain` tells when there is room for more. */
  write(chunk: Buffer | string): boolean;
  end(chunk?: Buffer | string): unknown;
  end(text: string, encoding: "latin1"): unknown;
  writeContinue(): void;
  destroy(): unknown;
  once(event: "drain" | "finish" | "close", listener: () => void): unknown;
}
