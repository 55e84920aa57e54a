// The head of a request as it goes on the wire. Refuses what a server could read as another request (RFC 9112 section 11.2).
import { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { UpstreamProtocolError } from "./upstream-protocol-error.ts";
import type { UpstreamRequest } from "./upstream-request.ts";

export interface RequestHead {
  /** Ready to be written as latin1. */
  text: string;
  /** Bytes of the body; null for one that is sent chunked. */
  bodyBytes: number | null;
  /** The connection serves no other request after this one. */
  closes: boolean;
}

const ordinary = 0;
const host = 1;
const contentLength = 2;
const refused = 3;

/** A map, since names may be anything, also of what every object has. */
const kindByName = new Map<string, number>(
  Object.entries({
    host,
    "content-length": contentLength,
    // The client's own business.
    connection: refused,
    "keep-alive": refused,
    "transfer-encoding": refused,
    upgrade: refused,
    expect: refused,
  }),
);

/** What is known of a header name as it is spelled; a small cache, since they repeat. */
const knownNames = new Map<string, number>();
const knownNamesMax = 2000;

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const notInValue = /[^\t\x20-\x7e\x80-\xff]/;
const notInPath = /[^\x21-\x7e\x80-\xff]/;

/** Methods whose body servers expect. With others, a server may take the body for the next request. */
const bodyMethods = new Set(["POST", "PUT", "PATCH", "QUERY", "PROPFIND", "PROPPATCH"]);

/** `hostLine`: "host: …\r\n" for requests that bring no host. Throws HEADGATE_UPSTREAM_INVALID_REQUEST. */
export function requestHead(request: UpstreamRequest, hostLine: string): RequestHead {
  const { method, path, headers, body } = request;
  const isBodyMethod = bodyMethods.has(method);
  if (!isBodyMethod && (!token.test(method) || method === "CONNECT")) throw invalidRequest("the method");
  if (path.charCodeAt(0) !== 47 || notInPath.test(path)) throw invalidRequest("the path");
  if (headers.length % 2 !== 0) throw invalidRequest("the header list");

  let fields = "";
  let givenLength: number | null = null;
  let hasHost = false;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    const kind = knownNames.get(name) ?? kindOf(name);
    if (notInValue.test(value)) throw invalidRequest("a header's value");
    if (kind !== ordinary) {
      if (kind === refused || (kind === host ? hasHost : givenLength !== null)) throw invalidRequest(`the header ${name}`);
      if (kind === host) hasHost = true;
      else givenLength = lengthIn(value);
    }
    fields += `${name}: ${value}\r\n`;
  }

  const bodyBytes = bytesOf(body, givenLength);
  if (givenLength === null) {
    if (bodyBytes === null) fields += "transfer-encoding: chunked\r\n";
    else if (bodyBytes > 0 || isBodyMethod) fields += `content-length: ${bodyBytes}\r\n`;
  } else if (bodyBytes !== givenLength) {
    throw invalidRequest("the content-length");
  }
  // An endpoint that answers HEAD with a body, or ignores that of a GET, is out of step from then on.
  const closes = method === "HEAD" || (!isBodyMethod && bodyBytes !== 0);
  if (closes) fields += "connection: close\r\n";
  return { text: `${method} ${path} HTTP/1.1\r\n${hasHost ? "" : hostLine}${fields}\r\n`, bodyBytes, closes };
}

function kindOf(name: string): number {
  if (!token.test(name)) throw invalidRequest("a header's name");
  const kind = kindByName.get(name.toLowerCase()) ?? ordinary;
  if (knownNames.size < knownNamesMax) knownNames.set(name, kind);
  return kind;
}

function bytesOf(body: UpstreamRequest["body"], givenLength: number | null): number | null {
  if (body === null) return 0;
  if (Buffer.isBuffer(body)) return body.length;
  if (!Array.isArray(body)) return givenLength ?? (isEmpty(body as Readable) ? 0 : null);
  let bytes = 0;
  for (const part of body as readonly Buffer[]) bytes += part.length;
  return bytes;
}

/** A caller's request that has no body, handed on as the body of ours, must not become an empty body in chunks. */
function isEmpty(body: Readable): boolean {
  if (body.readableEnded || !(body instanceof IncomingMessage)) return body.readableEnded;
  return body.headers["transfer-encoding"] === undefined && Number(body.headers["content-length"] ?? 0) === 0;
}

function lengthIn(value: string): number {
  const length = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(length)) throw invalidRequest("the content-length");
  return length;
}

function invalidRequest(what: string): UpstreamProtocolError {
  return new UpstreamProtocolError("HEADGATE_UPSTREAM_INVALID_REQUEST", `${what} can't be sent`);
}
