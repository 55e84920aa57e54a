// A caller's request, as far as a call needs it: node:http's requests are such, and those that are read without it.
import type { IncomingHttpHeaders } from "node:http";
import type { Socket } from "node:net";
import { Readable } from "node:stream";

export interface CallerRequest {
  readonly method?: string | undefined;
  /** The target: a path with its query. */
  readonly url?: string | undefined;
  /** Flat list: names as they are spelled, and values. */
  readonly rawHeaders: string[];
  readonly headers: IncomingHttpHeaders;
  readonly headersDistinct: NodeJS.Dict<string[]>;
  readonly socket: Socket;
  /** All of the body has arrived. */
  readonly complete: boolean;
  readonly destroyed: boolean;
  /** All of a body that arrived together with the head. Others come as `data` alone. */
  readonly wholeBody?: Buffer | null;
  on(event: "data", listener: (chunk: Buffer) => void): unknown;
  once(event: "end" | "close", listener: () => void): unknown;
  once(event: "error", listener: (error: Error) => void): unknown;
  off(event: "data", listener: (chunk: Buffer) => void): unknown;
  pause(): unknown;
  resume(): unknown;
}

/** The body to be handed on as it comes. Only requests that node:http reads may ask for that: `readPlainHead` takes none whose body is passed on like this. */
export function streamOf(req: CallerRequest): Readable {
  if (!(req instanceof Readable)) throw new TypeError("this request's body is no stream");
  return req;
}
