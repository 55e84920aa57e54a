// An endpoint's error answer that was kept while other targets were tried, and is what the caller gets after all.
import type { EndpointView } from "../../domain/snapshot.ts";
import type { Call } from "../call.ts";
import type { UpstreamHead } from "../upstream/response-headers.ts";
import { addEndpointHeaders, answerHeaders, mergeVary } from "./answer-headers.ts";

export interface HeldAnswer {
  head: UpstreamHead;
  body: Buffer;
  /** The name of the endpoint that gave it. */
  endpoint: EndpointView;
}

export function sendHeldAnswer(call: Call, { head, body, endpoint }: HeldAnswer): void {
  call.endpoint = endpoint;
  call.status = head.status;
  call.errorCode = "upstream_error";
  if (call.res.destroyed) return;
  const headers = answerHeaders(call);
  addEndpointHeaders(headers, head.headers, call);
  mergeVary(headers, call.res.getHeader("vary"));
  headers.push("content-length", String(body.length), "x-headgate-error-source", "upstream");
  call.res.writeHead(head.status, headers);
  call.capture?.answerBegins(head.contentType, head.encoding);
  call.capture?.answered(body);
  call.res.end(body);
}
