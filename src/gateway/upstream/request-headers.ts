// Which of the caller's headers an endpoint sees, and which it gets from us.
import { credentialHeaders, hopByHopHeaders } from "../../domain/http-headers.ts";
import type { EndpointView } from "../../domain/snapshot.ts";

const dropped = new Set<string>([
  ...hopByHopHeaders,
  "http2-settings",
  // set anew
  "host",
  "content-length",
  "expect",
  "accept-encoding",
  // the caller's credentials and whereabouts are no business of the endpoint's
  ...credentialHeaders,
  "cookie",
  "forwarded",
  "x-real-ip",
  "via",
]);

/** What is known of a header name as the caller spelled it; a small cache, since callers repeat themselves. */
const keptNames = new Map<string, string | null>();
const keptNamesMax = 2000;

/** The lower-case name when the header passes, null when it doesn't. */
function passing(rawName: string): string | null {
  const known = keptNames.get(rawName);
  if (known !== undefined) return known;
  const name = rawName.toLowerCase();
  const verdict = dropped.has(name) || name.startsWith("x-forwarded-") || name.startsWith("x-headgate-") ? null : name;
  if (keptNames.size < keptNamesMax) keptNames.set(rawName, verdict);
  return verdict;
}

/**
 * The flat header list for the upstream request, credential last. `rawHeaders` is the caller's; `bodyBytes` null means
 * that no content-length is sent (no body, or a streamed one whose length nobody knows). `identityHeaders`: lower-case names of
 * those in which trusted proxies tell us who calls.
 */
export function upstreamRequestHeaders(
  rawHeaders: readonly string[],
  connectionHeader: string | undefined,
  endpoint: EndpointView,
  bodyBytes: number | null,
  identityHeaders: ReadonlySet<string>,
): string[] {
  const named = connectionHeader === undefined ? null : namedByConnection(connectionHeader);
  const authName = endpoint.authHeaderName.toLowerCase();
  const own = endpoint.headers;
  const headers: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = passing(rawHeaders[i] as string);
    if (name === null || name === authName || own[name] !== undefined || named?.has(name) === true) continue;
    if (identityHeaders.has(name)) continue;
    headers.push(name, rawHeaders[i + 1] as string);
  }
  for (const name in own) headers.push(name, own[name] as string);
  headers.push("accept-encoding", "identity");
  if (bodyBytes !== null) headers.push("content-length", String(bodyBytes));
  if (endpoint.credential !== null) headers.push(authName, endpoint.authHeaderPrefix + endpoint.credential.expose());
  return headers;
}

/** Headers that a `connection` header declares hop-by-hop; null for the usual "keep-alive" and "close". */
function namedByConnection(value: string): Set<string> | null {
  const lower = value.toLowerCase();
  if (lower === "keep-alive" || lower === "close") return null;
  return new Set(lower.split(",").map((name) => name.trim()));
}
