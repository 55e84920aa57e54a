// The headers that cross the socket between a worker and control: everything but what belongs to one connection.
import type { IncomingMessage } from "node:http";
import { hopByHopHeaders, workerPeerHeader } from "../domain/http-headers.ts";

const hopByHop = new Set<string>(hopByHopHeaders);
// The worker has answered the expectation, and nobody but a worker says who its caller is.
const notFromCallers = new Set<string>([...hopByHop, "expect", workerPeerHeader]);

/**
 * Names and values in turn, each as it was sent, with where the request comes from. Headers that `connection` names stay:
 * a caller could have those removed that a proxy before it has set, and in one process nothing would take them away.
 */
export function requestHeaders(req: IncomingMessage, remoteAddress: string): string[] {
  const headers = [workerPeerHeader, remoteAddress];
  keep(req.rawHeaders, notFromCallers, headers);
  const framing = framingOf(req);
  if (framing === "chunked") headers.push("transfer-encoding", "chunked");
  // Otherwise node:http would announce a chunked one.
  else if (framing === "none" && req.method !== "GET" && req.method !== "HEAD") headers.push("content-length", "0");
  return headers;
}

/**
 * How the request says where its body ends (RFC 9112, section 6.3). Read as the parser read it, since a length that is
 * passed on without its body would take the next request for one.
 */
export function framingOf({ rawHeaders }: IncomingMessage): "chunked" | "length" | "none" {
  let framing: "length" | "none" = "none";
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    if (name === "transfer-encoding") return "chunked";
    if (name === "content-length") framing = "length";
  }
  return framing;
}

/** Names and values in turn. */
export function responseHeaders(rawHeaders: readonly string[]): string[] {
  return keep(rawHeaders, hopByHop, []);
}

function keep(from: readonly string[], without: ReadonlySet<string>, to: string[]): string[] {
  for (let i = 0; i + 1 < from.length; i += 2) {
    const name = from[i] as string;
    if (!without.has(name.toLowerCase())) to.push(name, from[i + 1] as string);
  }
  return to;
}
