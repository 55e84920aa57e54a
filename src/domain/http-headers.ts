// Header names that mean something to every part that moves or checks headers; lower case.

/** Of one connection, never of a message: RFC 9110 §7.6.1 and what older software uses beside it. */
export const hopByHopHeaders = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
] as const;

/** Those in which a caller's key may come. */
export const credentialHeaders = ["authorization", "x-api-key", "api-key", "x-goog-api-key"] as const;

/** Whom a request comes from that one process of an installation passes on to another; of no meaning anywhere else. */
export const workerPeerHeader = "x-headgate-worker-peer";
