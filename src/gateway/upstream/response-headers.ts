// Which of an endpoint's headers the caller sees.
import { hopByHopHeaders } from "../../domain/http-headers.ts";

const dropped = new Set<string>([
  ...hopByHopHeaders,
  "set-cookie",
  "set-cookie2",
  // names the endpoint's own host as an alternative to ours
  "alt-svc",
  // of the endpoint's own host as well: a browser would take them for ours
  "strict-transport-security",
  "clear-site-data",
  "nel",
  "report-to",
  "reporting-endpoints",
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
  isEventStream: boolean;
  contentLength: number | null;
  /** Its `content-encoding`; "" for none. */
  encoding: string;
  /** False when the body is compressed although we asked for identity: it passes, but can't be read. */
  readable: boolean;
}

/** `headers`: flat list of lower-case names and values. `secrets`: texts that may not appear in a value. */
export function readUpstreamHead(status: number, headers: readonly string[], secrets: readonly string[]): UpstreamHead {
  const kept: string[] = [];
  const head: UpstreamHead = {
    status,
    headers: kept,
    contentType: "",
    isEventStream: false,
    contentLength: null,
    encoding: "",
    readable: true,
  };
  const hopByHop = namedByConnection(headers);
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    if (name === "content-type") {
      head.contentType = value;
      head.isEventStream = eventStream.test(value);
    } else if (name === "content-length") head.contentLength = Number(value);
    else if (name === "content-encoding") {
      head.encoding = value;
      head.readable = value === "identity";
    }
    if (name === "x-request-id" && isClean(value, secrets)) kept.push("x-headgate-upstream-request-id", value);
    if (dropped.has(name) || name.startsWith("x-headgate-") || name.startsWith("access-control-")) continue;
    if (hopByHop?.includes(name) === true || !isClean(value, secrets)) continue;
    kept.push(name, value);
  }
  return head;
}

/** Media types have no case (RFC 9110 §8.3.1). */
const eventStream = /^text\/event-stream(?:[;\s]|$)/i;

function isClean(value: string, secrets: readonly string[]): boolean {
  for (const secret of secrets) if (value.includes(secret)) return false;
  return true;
}

/** Headers that the endpoint's `connection` declares hop-by-hop; null for the usual "keep-alive" and "close". */
function namedByConnection(headers: readonly string[]): string[] | null {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== "connection") continue;
    const value = (headers[i + 1] as string).toLowerCase();
    if (value !== "keep-alive" && value !== "close") return value.split(",").map((one) => one.trim());
  }
  return null;
}
