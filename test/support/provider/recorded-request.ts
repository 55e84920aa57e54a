// One request as the scripted provider received it, byte for byte, and what became of it.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { LooseJson } from "../loose-json.ts";

export type RequestOutcome =
  /** The whole answer was handed to the socket. */
  | "answered"
  /** The client left before that. */
  | "aborted"
  /** The script ended the connection. */
  | "cut";

export class RecordedRequest {
  /** 1 for the provider's first request. */
  readonly number: number;
  readonly method: string;
  /** The request target exactly as sent, query included. */
  readonly url: string;
  /** `url` without its query. */
  readonly path: string;
  /** Lower-case names; repeated headers joined as node:http does. */
  readonly headers: Readonly<Record<string, string>>;
  /** Name, value, name, value … as sent. */
  readonly rawHeaders: readonly string[];
  /** Arrival of the head, ms since the epoch. */
  readonly at: number;
  /** The client's port: equal for requests on one connection. */
  readonly remotePort: number;
  /** Resolves when the body has arrived in full; never when the client leaves before. */
  readonly received: Promise<void>;
  /** Resolves when the client leaves before the answer is complete; never otherwise. */
  readonly aborted: Promise<void>;
  /** Resolves when the exchange is over, either way. */
  readonly finished: Promise<RequestOutcome>;
  /** True once the body has arrived in full. */
  complete = false;
  outcome: RequestOutcome | null = null;
  /** Bytes of the answer's body that the socket has taken: stands still while the client doesn't read. */
  bytesWritten = 0;
  #parts: Buffer[] = [];
  #cut = false;

  constructor(number: number, incoming: IncomingMessage, response: ServerResponse) {
    this.number = number;
    this.method = incoming.method ?? "";
    this.url = incoming.url ?? "";
    this.path = this.url.split("?", 1)[0] as string;
    this.headers = joinedHeaders(incoming);
    this.rawHeaders = incoming.rawHeaders;
    this.at = Date.now();
    this.remotePort = incoming.socket.remotePort ?? 0;
    incoming.on("error", () => {}); // a client that leaves mid-body; told by `finished`
    incoming.on("data", (part: Buffer) => this.#parts.push(part));
    this.received = new Promise((resolve) => {
      incoming.on("end", () => {
        this.complete = true;
        resolve();
      });
    });
    this.finished = new Promise((resolve) => {
      response.on("close", () => {
        this.outcome = this.#cut ? "cut" : response.writableFinished ? "answered" : "aborted";
        resolve(this.outcome);
      });
    });
    this.aborted = new Promise((resolve) => {
      void this.finished.then((outcome) => {
        if (outcome === "aborted") resolve();
      });
    });
  }

  /** The body so far, without transfer framing; all of it once `complete`. */
  get body(): Buffer {
    if (this.#parts.length > 1) this.#parts = [Buffer.concat(this.#parts)];
    return this.#parts[0] ?? Buffer.alloc(0);
  }

  get text(): string {
    return this.body.toString("utf8");
  }

  get json(): LooseJson {
    try {
      return JSON.parse(this.text);
    } catch {
      return undefined;
    }
  }

  get query(): URLSearchParams {
    return new URLSearchParams(this.url.slice(this.path.length + 1));
  }

  /** The credential in whichever usual header carries one, without its scheme. */
  get credential(): string | null {
    const authorization = this.headers.authorization?.replace(/^\S+\s+/, "");
    return authorization ?? this.headers["x-api-key"] ?? this.headers["api-key"] ?? this.headers["x-goog-api-key"] ?? null;
  }

  /** Says that the script, not the client, ends this exchange. */
  markCut(): void {
    this.#cut = true;
  }
}

function joinedHeaders(incoming: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return headers;
}
