// An answer that never ends by itself: server-sent events (WHATWG HTML, "Server-sent events").
import type { ServerResponse } from "node:http";
import type { Topic } from "../../../domain/topics.ts";
import type { Subscriber } from "../../events/event-hub.ts";

/** How long a browser waits before it opens a stream again that has ended. */
const retryMs = 2000;

/** Begins the answer. */
export function beginEventStream(
  response: ServerResponse,
  headers: Readonly<Record<string, number | string | string[] | undefined>>,
): Pick<Subscriber, "isIdle" | "send" | "beat" | "end"> {
  response.writeHead(200, {
    ...headers,
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store, no-transform",
    // nginx and what takes after it would keep events until there are enough of them.
    "x-accel-buffering": "no",
  });
  // A browser tells the page that the stream is open once it has the head.
  response.write(`retry: ${retryMs}\n\n`);
  return {
    isIdle: () => response.writableLength === 0,
    send: (topics: readonly Topic[]) => void response.write(`event: change\ndata: ${JSON.stringify({ topics })}\n\n`),
    beat: () => void response.write(":\n\n"),
    end(how) {
      if (how === "cut") response.destroy();
      else response.end();
    },
  };
}
