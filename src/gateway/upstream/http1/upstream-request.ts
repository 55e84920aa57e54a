// What a caller of the pool hands in and implements.
import type { Readable } from "node:stream";

export interface UpstreamRequest {
  method: string;
  /** Path and query, from "/" on. */
  path: string;
  /** Flat list: name, value, …; no hop-by-hop headers. `host` is added unless it is there. */
  headers: readonly string[];
  /**
   * Buffers get a content-length unless `headers` has one. A Readable without one goes out chunked. It is listened to from
   * `onStart` on and never destroyed: what is left of it when the exchange ends early stays with its owner, paused.
   */
  body: Buffer | readonly Buffer[] | Readable | null;
}

/**
 * Told how an exchange goes, never before `dispatch` has returned. Exactly one of `onEnd` and `onError` is the last call.
 * A handler that throws loses its connection and hears no more; the exception becomes an uncaught one.
 */
export interface UpstreamHandler {
  /** A connection was given to the request, which is about to be written. Once per request, also if it has to be repeated. */
  onStart(control: UpstreamControl): void;
  /** The final head; interim ones are skipped. `headers`: flat list of lower-case names and values (latin1, trimmed). */
  onHead(status: number, headers: string[]): void;
  onData(chunk: Buffer): void;
  onEnd(): void;
  onError(error: Error): void;
}

export interface UpstreamControl {
  /** Ends the exchange at once, also one that waits for a connection: `onError(reason)` is called before this returns. */
  abort(reason: Error): void;
  /** No `onData` or `onEnd` until `resume`, not even of what has arrived already. */
  pause(): void;
  /** What has arrived is delivered before this returns, unless it is called from within a handler. */
  resume(): void;
}
