// Takes a copy of the beginnings of a call's bodies, for calls whose key or paying group has them kept.
import { Readable } from "node:stream";
import type { BodyKeeping } from "../../domain/body-keeping.ts";
import { type CapturedBody, capturedBytesMax } from "../../domain/captured-bodies.ts";
import type { EndpointView } from "../../domain/snapshot.ts";
import { presentedCredentials } from "../authenticate.ts";
import type { Call } from "../call.ts";
import type { BodySink } from "../ports.ts";
import type { ReceivedBody } from "../receive-body.ts";
import { CapturedBytes } from "./captured-bytes.ts";

/** What applies to the call: its key's own setting, else its paying group's. Null: nothing is kept. */
export function bodyKeepingFor({ principal, payingGroupId, snapshot }: Call): BodyKeeping | null {
  return principal?.key?.bodies ?? snapshot.group(payingGroupId)?.bodies ?? null;
}

export class BodyCapture {
  readonly #sink: BodySink;
  readonly #keeping: BodyKeeping;
  /** Held by the call until its end: there is no need for a copy before. */
  readonly #request: ReceivedBody | null;
  readonly #streamedRequest: CapturedBytes | null;
  readonly #response: CapturedBytes;
  readonly #secrets: Set<string>;
  #responseType = "";
  #responseEncoding = "";
  #reservedBytes = 0;
  /** Handed over, or given up: nothing is taken any more. */
  #isOver = false;

  /** To be made before `body` is read by anybody, where it is one that streams through. */
  constructor(sink: BodySink, call: Call, keeping: BodyKeeping, body: ReceivedBody | Readable) {
    this.#sink = sink;
    this.#keeping = keeping;
    this.#secrets = new Set(presentedCredentials(call.req.headers));
    this.#response = new CapturedBytes(this.#reserve);
    if (body instanceof Readable) {
      const streamed = new CapturedBytes(this.#reserve);
      this.#streamedRequest = streamed;
      this.#request = null;
      // A listener for data would start the flow before the endpoint is there to take it.
      body.once("resume", () => body.on("data", (chunk: Buffer) => this.#take(streamed, chunk)));
    } else {
      this.#streamedRequest = null;
      this.#request = body;
    }
  }

  /** An attempt goes there: what it authenticates with is known to be a secret. */
  used({ credential, headers, query }: EndpointView): void {
    if (credential !== null) this.#secrets.add(credential.expose());
    for (const [name, value] of [...Object.entries(headers), ...Object.entries(query)]) {
      // `Bearer …`, `Token …`: the scheme may not be there where the rest is repeated.
      for (const word of value.split(/\s+/)) if (isLikelySecret(name, word)) this.#secrets.add(word);
    }
  }

  /** An answer begins. `encoding`: its `content-encoding`; "" for none. */
  answerBegins(contentType: string, encoding: string): void {
    this.#responseType = contentType;
    this.#responseEncoding = encoding;
  }

  /** Bytes of it that the caller gets. */
  answered(chunk: Buffer): void {
    this.#take(this.#response, chunk);
  }

  /** The call is over: hands over what there is, without waiting. Call it once. */
  finish(call: Call): void {
    const request = this.#captureRequest(call);
    const response = captured(this.#response, this.#responseType, this.#responseEncoding);
    if (this.#isOver) return;
    this.#isOver = true;
    // Nothing of it is in the ledger, so nobody could find them.
    if (call.attempts === 0 || (request === null && response === null)) return this.#sink.release(this.#reservedBytes);
    this.#sink.keep({
      requestId: call.id,
      requestStartedAtMs: call.startedAtMs,
      keyId: call.principal?.key?.id ?? null,
      userId: call.principal?.userId ?? null,
      groupId: call.payingGroupId,
      keeping: this.#keeping,
      request,
      response,
      secrets: [...this.#secrets],
      reservedBytes: this.#reservedBytes,
    });
  }

  #captureRequest({ req, attempts }: Call): CapturedBody | null {
    const contentType = req.headers["content-type"] ?? "";
    const encoding = req.headers["content-encoding"] ?? "";
    if (this.#streamedRequest !== null) return captured(this.#streamedRequest, contentType, encoding);
    if (this.#request === null || this.#request.bytes === 0 || attempts === 0) return null;
    const bytes = new CapturedBytes(this.#reserve);
    for (const chunk of this.#request.chunks) this.#take(bytes, chunk);
    return captured(bytes, contentType, encoding);
  }

  #take(into: CapturedBytes, chunk: Buffer): void {
    if (this.#isOver || into.add(chunk)) return;
    this.#isOver = true;
    this.#sink.drop(this.#reservedBytes);
  }

  readonly #reserve = (bytes: number): boolean => {
    if (!this.#sink.reserve(bytes)) return false;
    this.#reservedBytes += bytes;
    return true;
  };
}

function captured(taken: CapturedBytes, contentType: string, encoding: string): CapturedBody | null {
  if (taken.length === 0) return null;
  return { contentType, encoding, bytes: taken.bytes, length: taken.length };
}

/** Headers and parameters of an endpoint are its administrator's: versions and names are shorter, unless they say what they are. */
function isLikelySecret(name: string, value: string): boolean {
  const isNamed = /auth|cookie|credential|key|passw|secret|signature|token|^sig$|^code$/i.test(name);
  return value.length >= (isNamed ? 8 : 20) && value.length < capturedBytesMax;
}
