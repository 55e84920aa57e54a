// What can be scripted: a whole answer, or a fault applied to the answer that would have been given.
import type { Answer, Framing, HeaderValues } from "./answer.ts";
import { anthropicError, jsonAnswer, openaiError, sseText } from "./answer.ts";
import type { RecordedRequest } from "./recorded-request.ts";
import type { Step } from "./step.ts";

export type Behaviour =
  /** Exactly this. `body` objects become JSON; `chunks` are written separately, `everyMs` apart. Default 200. */
  | {
      kind: "answer";
      status?: number;
      headers?: HeaderValues;
      body?: string | Buffer | object;
      chunks?: readonly (string | Buffer)[];
      framing?: Framing;
      everyMs?: number;
    }
  /** The usual answer with these headers added, e.g. set-cookie, or `credentialEchoes`. */
  | { kind: "headers"; headers: HeaderValues | ((request: RecordedRequest) => HeaderValues) }
  | { kind: "framing"; framing: Framing }
  /** Nothing further, until the client leaves. */
  | { kind: "hang"; at: "before_headers" | "after_headers" }
  /** Stops after so many chunks; with `comment` (default none) goes on sending that, e.g. ": ping\n\n", every `everyMs`. */
  | { kind: "stall"; afterChunks: number; comment?: string; everyMs?: number }
  /** Ends the connection: `rst` (default) or a plain `fin`. A number: after that many chunks, with `inside` and half of the next. */
  | { kind: "reset"; at: "before_headers" | "after_headers" | number; how?: "rst" | "fin"; inside?: boolean }
  /** A proper end of the HTTP message after so many chunks, so that the stream lacks its own terminator. */
  | { kind: "truncate"; afterChunks: number }
  /** An error event in the dialect's shape (or `data`) after so many chunks, 0 = the first event; then a proper end. */
  | { kind: "error_event"; afterChunks: number; data?: string }
  /** The usual answer, a wait before every chunk. */
  | { kind: "drip"; everyMs: number }
  /** `bytes` of a JSON string, or of a stream of filler events; made as it is read. */
  | { kind: "huge"; bytes: number; stream?: boolean }
  /** 400 for a request that carries `stream_options`; other requests don't use it up. */
  | { kind: "refuse_stream_options" };

/** Whether a queued behaviour is meant for this request at all. */
export function concerns(behaviour: Behaviour, request: RecordedRequest): boolean {
  return behaviour.kind !== "refuse_stream_options" || request.json?.stream_options !== undefined;
}

/** Response headers that repeat the credential a request came with, as careless providers do. */
export function credentialEchoes(request: RecordedRequest): HeaderValues {
  const credential = request.credential ?? "";
  return { authorization: `Bearer ${credential}`, "x-api-key": credential, "x-echo": `got ${credential}` };
}

/** The steps by which `behaviour` answers; `usual` makes the answer that would have been given. */
export function stepsOf(behaviour: Behaviour, request: RecordedRequest, usual: () => Answer): Step[] {
  switch (behaviour.kind) {
    case "answer":
      return answerSteps(scripted(behaviour), behaviour.everyMs);
    case "headers": {
      const added = typeof behaviour.headers === "function" ? behaviour.headers(request) : behaviour.headers;
      const answer = usual();
      return answerSteps({ ...answer, headers: { ...answer.headers, ...added } });
    }
    case "framing":
      return answerSteps({ ...usual(), framing: behaviour.framing });
    case "hang":
      return behaviour.at === "before_headers" ? [{ hang: true }] : [headOf(usual()), { hang: true }];
    case "stall": {
      const { comment, everyMs = 20 } = behaviour;
      const begun = partial(usual(), behaviour.afterChunks);
      return [...begun, comment === undefined ? { hang: true } : { forever: Buffer.from(comment), everyMs }];
    }
    case "reset": {
      const reset: Step = { reset: behaviour.how ?? "rst" };
      if (behaviour.at === "before_headers") return [reset];
      const answer = usual();
      const count = behaviour.at === "after_headers" ? 0 : behaviour.at;
      const next = behaviour.inside === true ? answer.chunks[count] : undefined;
      const half: Step[] = next === undefined ? [] : [{ write: next.subarray(0, next.length >> 1) }];
      return [...partial(answer, count), ...half, reset];
    }
    case "truncate": {
      const answer = usual();
      return answerSteps({ ...answer, chunks: answer.chunks.slice(0, behaviour.afterChunks) });
    }
    case "error_event": {
      const answer = usual();
      const event = Buffer.from(behaviour.data ?? errorEvent(request));
      return answerSteps({ ...answer, chunks: [...answer.chunks.slice(0, behaviour.afterChunks), event] });
    }
    case "drip":
      return answerSteps(usual(), behaviour.everyMs);
    case "huge":
      return hugeSteps(behaviour.bytes, behaviour.stream ?? false);
    case "refuse_stream_options": {
      const message = "Unrecognized request argument supplied: stream_options";
      const anthropic = request.path.endsWith("/messages");
      return answerSteps(anthropic ? anthropicError(400, "invalid_request_error", message) : openaiError(400, message));
    }
  }
}

/** The steps of an answer without faults. */
export function answerSteps(answer: Answer, everyMs?: number): Step[] {
  const writes = answer.chunks.map((chunk): Step => ({ write: chunk }));
  const paced = everyMs === undefined ? writes : writes.flatMap((write): Step[] => [{ waitMs: everyMs }, write]);
  return [headOf(answer), ...paced, { end: true }];
}

function headOf(answer: Answer, lengthBytes = answer.chunks.reduce((sum, chunk) => sum + chunk.length, 0)): Step {
  return { head: { status: answer.status, headers: answer.headers, framing: answer.framing, lengthBytes } };
}

/** A whole answer's head, with only its first chunks. A lone chunk counts as two halves, so that "after 1" is in its middle. */
function partial(answer: Answer, count: number): Step[] {
  const [only] = answer.chunks;
  const halves = only === undefined ? [] : [only.subarray(0, only.length >> 1), only.subarray(only.length >> 1)];
  const chunks = answer.chunks.length === 1 ? halves : answer.chunks;
  return [headOf(answer), ...chunks.slice(0, count).map((write): Step => ({ write }))];
}

function scripted(behaviour: Extract<Behaviour, { kind: "answer" }>): Answer {
  const { status = 200, headers = {}, body } = behaviour;
  if (behaviour.chunks !== undefined) {
    const chunks = behaviour.chunks.map((chunk) => Buffer.from(chunk as string));
    return { status, headers, chunks, framing: behaviour.framing ?? "chunked" };
  }
  const text = body === undefined || typeof body === "string" || Buffer.isBuffer(body);
  const answer = text
    ? { status, headers, chunks: body === undefined ? [] : [Buffer.from(body as string)] }
    : { ...jsonAnswer(status, body, headers) };
  return { ...answer, framing: behaviour.framing ?? "length" };
}

function errorEvent(request: RecordedRequest): string {
  const message = "The scripted provider broke this stream.";
  if (request.path.endsWith("/messages")) {
    return sseText({ event: "error", data: { type: "error", error: { type: "overloaded_error", message } } });
  }
  if (request.path.endsWith("/responses")) {
    const data = { type: "error", code: "server_error", message, param: null, sequence_number: 0 };
    return sseText({ event: "error", data });
  }
  return sseText({ data: { error: { message, type: "server_error", param: null, code: null } } });
}

function hugeSteps(bytes: number, stream: boolean): Step[] {
  const piece = stream ? Buffer.from(sseText({ data: { filler: "x".repeat(1000) } })) : Buffer.alloc(64 * 1024, "x");
  const times = Math.ceil(bytes / piece.length);
  const headers = { "content-type": stream ? "text/event-stream" : "application/json" };
  const quote: Step[] = stream ? [] : [{ write: Buffer.from('"') }];
  return [
    { head: { status: 200, headers, framing: "chunked", lengthBytes: 0 } },
    ...quote,
    { repeat: piece, times },
    ...quote,
    { end: true },
  ];
}
