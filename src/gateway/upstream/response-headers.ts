// Which of an endpoint's headers the caller sees.
import { hopByHopHeaders } from "../../domain/http-headers.ts";

const dropped = new Set<string>([
  ...hopByHopHeaders,
  "set-cookie",
  "set-cookie2",
  // names the endpoint's own host as an alternative to ours
  "alt-svc",
  // ours is the request id; the endpoint's is passed on under a name of its own
  "x-request-id",
  "content-length",
]);

/** What an endpoint answered, as far as relaying needs it. */
export interface UpstreamHead {
  status: number;
  /** Flat list without the headers that never pass. */
  headers: string[];
  contentType: string;
  contentLength: number | null;
  /** False when the body is compressed although we asked for identity: it passes, but can't be read. */
  readable: boolean;
}

/** Reads raw header buffers (name, value, …) as undici hands them over. `secrets`: texts that may not appear in a value. */
export function readUpstreamHead(
  status: number,
  rawHeaders: readonly (Buffer | string)[],
  secrets: readonly string[],
): UpstreamHead {
  const head: UpstreamHead = { status, headers: [], contentType: "", contentLength: null, readable: true };
  const hopByHop = namedByConnection(rawHeaders);
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as Buffer).toString("latin1").toLowerCase();
    const value = (rawHeaders[i + 1] as Buffer).toString("latin1");
    if (name === "content-type") head.contentType = value;
    else if (name === "content-length") head.contentLength = Number(value);
    else if (name === "content-encoding") head.readable = value === "identity";
    if (name === "x-request-id" && isClean(value, secrets)) head.headers.push("x-headgate-upstream-request-id", value);
    if (dropped.has(name) || name.startsWith("x-headgate-") || name.startsWith("access-control-")) continue;
    if (hopByHop?.includes(name) === true || !isClean(value, secrets)) continue;
    head.headers.push(name, value);
  }
  return head;
}

function isClean(value: string, secrets: readonly string[]): boolean {
  for (const secret of secrets) if (value.includes(secret)) return false;
  return true;
}

/** Headers that the endpoint's `connection` declares hop-by-hop; null for the usual "keep-alive" and "close". */
function namedByConnection(rawHeaders: readonly (Buffer | string)[]): string[] | null {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as Buffer;
    if (name.length !== 10 || name.toString("latin1").toLowerCase() !== "connection") continue;
    const value = (rawHeaders[i + 1] as Buffer).toString("latin1").toLowerCase();
    if (value !== "keep-alive" && value !== "close") return value.split(",").map((one) => one.trim());
  }
  return null;
}
