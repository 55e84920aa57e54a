// A status manifest on a real socket: what it says is set by the test, and what it was asked is written down.
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { listenOnOwnPort } from "./own-port.ts";

export interface ManifestServer {
  url: string;
  /** Headers of each request so far. */
  requests: IncomingHttpHeaders[];
  /** Answers 200 with this from now on: text as it is, anything else as JSON. An ETag goes with it, and is heeded. */
  serve(manifest: unknown): void;
  /** Answers in any other way. */
  answer(handler: (request: IncomingMessage, response: ServerResponse) => void): void;
  /** Closes the port, or opens the same one again. */
  setUp(up: boolean): Promise<void>;
  close(): Promise<void>;
}

/** Serves `{}` at first. */
export async function startManifestServer(): Promise<ManifestServer> {
  const requests: IncomingHttpHeaders[] = [];
  let handler: (request: IncomingMessage, response: ServerResponse) => void = () => {};
  let version = 0;
  const server = createServer((request, response) => {
    requests.push(request.headers);
    handler(request, response);
  });
  const shut = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  const port = await listenOnOwnPort(server);
  const self: ManifestServer = {
    url: `http://127.0.0.1:${port}/status.json`,
    requests,
    serve(manifest) {
      const text = typeof manifest === "string" ? manifest : JSON.stringify(manifest);
      const etag = `"version-${++version}"`;
      handler = (request, response) => {
        if (request.headers["if-none-match"] === etag) response.writeHead(304).end();
        else response.writeHead(200, { etag, "content-type": "application/json" }).end(text);
      };
    },
    answer(next) {
      handler = next;
    },
    async setUp(up) {
      if (up === server.listening) return;
      await (up ? new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve)) : shut());
    },
    async close() {
      if (server.listening) await shut();
    },
  };
  self.serve({});
  return self;
}

/** A usable entry. */
export function manifestEntry(fields: object = {}): Record<string, unknown> {
  return {
    status: "Live",
    model: "OpenAI GPT-4",
    description: "OpenAI's GPT-4 models",
    experts: ["gpt-4", "gpt-4o-mini"],
    url: "https://api.openai.com/v1",
    endpoint_id: "openai-production",
    ...fields,
  };
}
