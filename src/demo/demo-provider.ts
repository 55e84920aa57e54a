// A provider to try Headgate with when there is no account at hand: OpenAI- and Anthropic-shaped, with no model behind it.
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { demoMessage } from "./demo-anthropic.ts";
import { demoChat, demoCompletion } from "./demo-chat.ts";
import { demoEmbeddings } from "./demo-embeddings.ts";
import { demoModelIds, demoModelList } from "./demo-models.ts";
import type { DemoBody, DemoReply } from "./demo-reply.ts";
import { sendDemoReply } from "./demo-reply.ts";
import { demoResponse } from "./demo-responses.ts";

export interface DemoProviderOptions {
  /** Default 0: any free port. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
}

export interface DemoProvider {
  /** The base to register as an endpoint: `http://host:port/v1`. */
  url: string;
  /** Ends every connection, streams included. */
  close(): Promise<void>;
}

const bodyLimitBytes = 1024 * 1024;

const apis: Record<string, (body: DemoBody) => DemoReply> = {
  "/v1/chat/completions": demoChat,
  "/v1/completions": demoCompletion,
  "/v1/responses": demoResponse,
  "/v1/embeddings": demoEmbeddings,
  "/v1/messages": demoMessage,
};

/** Starts the demo provider. Rejects when the port is taken. Takes any credential, keeps nothing, calls nobody. */
export async function startDemoProvider({ port = 0, host = "127.0.0.1" }: DemoProviderOptions = {}): Promise<DemoProvider> {
  const server = createServer({ requestTimeout: 30_000 }, (request, response) => {
    response.on("error", () => {}); // the caller left
    // What fails is the caller's leaving before the end of its body.
    answer(request)
      .then((reply) => sendDemoReply(reply, response))
      .catch(() => response.destroy());
  });
  server.listen(port, host);
  await once(server, "listening");
  const address = server.address() as AddressInfo;
  const urlHost = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return {
    url: `http://${urlHost}:${address.port}/v1`,
    async close() {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(request: IncomingMessage): Promise<DemoReply> {
  const path = (request.url ?? "").split("?", 1)[0] as string;
  if (path === "/v1/models") {
    return request.method === "GET" ? { status: 200, body: demoModelList() } : refusal(path, 405, "Use GET for this path.");
  }
  const api = Object.hasOwn(apis, path) ? apis[path] : undefined;
  if (api === undefined) return refusal(path, 404, "The demo provider has nothing at this path.");
  if (request.method !== "POST") return refusal(path, 405, "Use POST for this path.");
  const text = await readBody(request);
  if (text === null) return refusal(path, 413, "The demo provider takes bodies of up to 1 MB.");
  const body = parseObject(text);
  if (body === null) return refusal(path, 400, "The body has to be a JSON object.");
  if (!demoModelIds.includes(String(body.model))) {
    return refusal(path, 404, `The demo provider has no such model. It has: ${demoModelIds.join(", ")}.`);
  }
  return api(body);
}

/**
 * Null when the body is larger than the limit. The rest is read all the same, and dropped: many clients look for an
 * answer only once they have sent everything.
 */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size <= bodyLimitBytes) parts.push(part);
    else parts.length = 0;
  }
  return size > bodyLimitBytes ? null : Buffer.concat(parts).toString("utf8");
}

function parseObject(text: string): DemoBody | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as DemoBody) : null;
  } catch {
    return null;
  }
}

/** An error in the shape of the API that was called. */
function refusal(path: string, status: number, message: string): DemoReply {
  if (path === "/v1/messages") {
    const type = status === 404 ? "not_found_error" : status === 413 ? "request_too_large" : "invalid_request_error";
    return { status, body: { type: "error", error: { type, message } } };
  }
  const code = status === 404 && Object.hasOwn(apis, path) ? "model_not_found" : null;
  return { status, body: { error: { message, type: "invalid_request_error", param: null, code } } };
}
