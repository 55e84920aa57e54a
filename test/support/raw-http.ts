// An HTTP/1.1 client that sends exactly the bytes it is given and shows exactly how the answer came: what real clients hide.
import { once } from "node:events";
import { connect } from "node:net";
import { RawConnection } from "./raw-http/raw-connection.ts";
import type { RawResponse } from "./raw-http/raw-response.ts";

/** Connects to the host and port of `url` (http only). */
export async function rawConnect(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port || 80) });
  await once(socket, "connect");
  return new RawConnection(socket);
}

export interface RawRequest {
  method?: string;
  /** Sent as it is: odd paths and absolute forms included. */
  target: string;
  /** Names and values as they are. `host` and, for a body, `content-length` are added unless given here. */
  headers?: Record<string, string> | readonly (readonly [string, string])[];
  /** Objects become JSON with its content-type. */
  body?: Buffer | string | object;
}

/** The exact bytes of a request. */
export function rawRequestBytes(url: string, { method = "GET", target, headers = {}, body }: RawRequest): Buffer {
  const pairs = Array.isArray(headers) ? [...headers] : Object.entries(headers);
  const given = new Set(pairs.map(([name]) => name.toLowerCase()));
  const add = (name: string, value: string) => {
    if (!given.has(name)) pairs.push([name, value]);
  };
  const isText = typeof body === "string" || Buffer.isBuffer(body);
  const bytes = body === undefined ? Buffer.alloc(0) : Buffer.from(isText ? (body as string) : JSON.stringify(body));
  add("host", new URL(url).host);
  if (body !== undefined && !isText) add("content-type", "application/json");
  if (body !== undefined && !given.has("transfer-encoding")) add("content-length", String(bytes.length));
  const head = [`${method} ${target} HTTP/1.1`, ...pairs.map(([name, value]) => `${name}: ${value}`)].join("\r\n");
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`, "latin1"), bytes]);
}

/** One request on a connection of its own; resolves when the answer has ended, complete or cut. */
export async function rawRequest(url: string, request: RawRequest, timeoutMs = 10_000): Promise<RawResponse> {
  const connection = await rawConnect(url);
  try {
    connection.send(rawRequestBytes(url, request));
    const response = await connection.response({ method: request.method, timeoutMs });
    return await response.done(timeoutMs);
  } finally {
    connection.socket.destroy();
  }
}
