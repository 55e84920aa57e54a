// An answer of the scripted provider before any fault is applied to it: status, headers, and the pieces to be written.

export type HeaderValues = Record<string, string | string[]>;

/** How the body's length is told: `content-length`, chunked, or by closing the connection. */
export type Framing = "length" | "chunked" | "close";

export interface Answer {
  status: number;
  headers: HeaderValues;
  /** Written one by one. */
  chunks: Buffer[];
  framing: Framing;
}

export function jsonAnswer(status: number, body: unknown, headers: HeaderValues = {}): Answer {
  return {
    status,
    headers: { "content-type": "application/json", ...headers },
    chunks: [Buffer.from(JSON.stringify(body))],
    framing: "length",
  };
}

export interface SseEvent {
  event?: string;
  /** Objects become JSON. */
  data: unknown;
}

export function sseText({ event, data }: SseEvent): string {
  const text = typeof data === "string" ? data : JSON.stringify(data);
  return `${event === undefined ? "" : `event: ${event}\n`}data: ${text}\n\n`;
}

/** A stream of server-sent events, one chunk each. */
export function sseAnswer(events: readonly SseEvent[], headers: HeaderValues = {}): Answer {
  return {
    status: 200,
    headers: { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache", ...headers },
    chunks: events.map((event) => Buffer.from(sseText(event))),
    framing: "chunked",
  };
}

export function openaiError(status: number, message: string, code: string | null = null, type = "invalid_request_error"): Answer {
  return jsonAnswer(status, { error: { message, type, param: null, code } });
}

export function anthropicError(status: number, type: string, message: string): Answer {
  return jsonAnswer(status, { type: "error", error: { type, message }, request_id: "req_scripted" });
}
