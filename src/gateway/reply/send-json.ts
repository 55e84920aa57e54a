// The gateway's own answers that are no errors.
import type { Call } from "../call.ts";
import { answerHeaders } from "./answer-headers.ts";

export function sendJson(call: Call, value: unknown): void {
  const body = JSON.stringify(value);
  const headers = answerHeaders(call);
  headers.push("content-type", "application/json", "content-length", String(Buffer.byteLength(body)));
  call.status = 200;
  call.res.writeHead(200, headers);
  call.res.end(call.method === "HEAD" ? undefined : body);
  call.req.resume();
}
