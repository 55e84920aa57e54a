// How the demo provider answers: one JSON document, or server-sent events at the pace of someone typing fast.
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** A request's JSON body; nothing about it is known but that it is an object. */
export type DemoBody = Record<string, unknown>;

export interface DemoEvent {
  event?: string;
  data: object | "[DONE]";
  /** How long the event is held back. */
  afterMs?: number;
}

export type DemoReply = { status: number; body: object } | { events: readonly DemoEvent[] };

/** Sends `reply`; stops at once when the caller leaves. */
export async function sendDemoReply(reply: DemoReply, response: ServerResponse): Promise<void> {
  response.setHeader("x-demo-provider", "true");
  if ("body" in reply) {
    const text = JSON.stringify(reply.body);
    response.writeHead(reply.status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) }).end(text);
    return;
  }
  const left = new AbortController();
  response.on("close", () => left.abort());
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" });
  for (const { event, data, afterMs } of reply.events) {
    if (afterMs !== undefined) await sleep(afterMs, undefined, { signal: left.signal }).catch(() => {});
    if (left.signal.aborted) return;
    const text = typeof data === "string" ? data : JSON.stringify(data);
    response.write(`${event === undefined ? "" : `event: ${event}\n`}data: ${text}\n\n`);
  }
  response.end();
}
