// What can go wrong in an upstream call beside what the socket and the connector report themselves.
/**
 * - `…_CLOSED`: the endpoint closed the connection before its answer was complete.
 * - `…_INVALID_ANSWER`: what it sent is not HTTP/1.1, or is framed ambiguously.
 * - `…_HEAD_TOO_LARGE`: the answer's head (interim answers included) or its trailers exceed `headBytesMax`.
 * - `…_INVALID_REQUEST`: thrown by `dispatch`; the request can't be put on the wire as it is. Nothing was sent.
 * - `…_BODY_INCOMPLETE`: a streamed request body ended early, or is not as long as its content-length says.
 * - `…_POOL_CLOSED`: the pool takes no more requests, or was destroyed with this one on it.
 */
export type UpstreamErrorCode =
  | "HEADGATE_UPSTREAM_CLOSED"
  | "HEADGATE_UPSTREAM_INVALID_ANSWER"
  | "HEADGATE_UPSTREAM_HEAD_TOO_LARGE"
  | "HEADGATE_UPSTREAM_INVALID_REQUEST"
  | "HEADGATE_UPSTREAM_BODY_INCOMPLETE"
  | "HEADGATE_UPSTREAM_POOL_CLOSED";

/** Messages never contain bytes of the exchange. */
export class UpstreamProtocolError extends Error {
  readonly code: UpstreamErrorCode;
  constructor(code: UpstreamErrorCode, message: string) {
    super(message);
    this.name = "UpstreamProtocolError";
    this.code = code;
  }
}

export function invalidAnswer(message: string): UpstreamProtocolError {
  return new UpstreamProtocolError("HEADGATE_UPSTREAM_INVALID_ANSWER", message);
}
