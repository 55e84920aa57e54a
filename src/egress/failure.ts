// What went wrong on the way to an endpoint, in one vocabulary for Node's, OpenSSL's and undici's errors.
import type { ConnectPhase } from "./connector.ts";

export interface EgressFailure {
  /** `http`: the connection stood; everything before says how far it came. */
  stage: ConnectPhase | "http";
  /** One of `failureMessages`. */
  code: EgressFailureCode;
  /** A sentence without hosts, addresses or credentials. */
  message: string;
}

const failureMessages = {
  dns_failed: "The host name could not be resolved.",
  connection_refused: "Nothing accepts connections at that address and port.",
  connection_reset: "The connection was closed before an answer came.",
  host_unreachable: "There is no route to that host.",
  timeout: "No answer came in time.",
  certificate_invalid: "The server's TLS certificate is not trusted.",
  certificate_expired: "The server's TLS certificate is expired or not valid yet.",
  certificate_host_mismatch: "The server's TLS certificate is for another host name.",
  tls_error: "The TLS handshake failed.",
  egress_refused: "Headgate does not connect to that address.",
  response_too_large: "The answer is larger than Headgate accepts.",
  invalid_response: "The answer is not valid HTTP.",
  aborted: "The request was given up.",
  connection_failed: "The connection failed.",
} as const;

export type EgressFailureCode = keyof typeof failureMessages;

const codeByError: Record<string, EgressFailureCode> = {
  HEADGATE_EGRESS_REFUSED: "egress_refused",
  ENOTFOUND: "dns_failed",
  ENODATA: "dns_failed",
  ECONNREFUSED: "connection_refused",
  ECONNRESET: "connection_reset",
  EPIPE: "connection_reset",
  ECONNABORTED: "connection_reset",
  UND_ERR_SOCKET: "connection_reset",
  EHOSTUNREACH: "host_unreachable",
  ENETUNREACH: "host_unreachable",
  EHOSTDOWN: "host_unreachable",
  ENETDOWN: "host_unreachable",
  EADDRNOTAVAIL: "host_unreachable",
  ETIMEDOUT: "timeout",
  UND_ERR_CONNECT_TIMEOUT: "timeout",
  UND_ERR_HEADERS_TIMEOUT: "timeout",
  UND_ERR_BODY_TIMEOUT: "timeout",
  UND_ERR_ABORTED: "aborted",
  UND_ERR_DESTROYED: "aborted",
  UND_ERR_CLOSED: "aborted",
  HEADGATE_UPSTREAM_CLOSED: "connection_reset",
  HEADGATE_UPSTREAM_POOL_CLOSED: "aborted",
  HEADGATE_UPSTREAM_BODY_INCOMPLETE: "aborted",
  HEADGATE_UPSTREAM_INVALID_ANSWER: "invalid_response",
  HEADGATE_UPSTREAM_HEAD_TOO_LARGE: "invalid_response",
  UND_ERR_RES_EXCEEDED_MAX_SIZE: "response_too_large",
  UND_ERR_HEADERS_OVERFLOW: "invalid_response",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "invalid_response",
  CERT_HAS_EXPIRED: "certificate_expired",
  CERT_NOT_YET_VALID: "certificate_expired",
  ERR_TLS_CERT_ALTNAME_INVALID: "certificate_host_mismatch",
  HOSTNAME_MISMATCH: "certificate_host_mismatch",
  ERR_TLS_HANDSHAKE_TIMEOUT: "timeout",
  EPROTO: "tls_error",
};

/** OpenSSL's names for what is wrong with a certificate (X509_V_ERR_…, as Node passes them on). */
const certificateError = /^(DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|CERT_|CRL_|ERROR_IN_C|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_)/;

function codeOf(errorCode: string, name: string): EgressFailureCode {
  const known = codeByError[errorCode];
  if (known !== undefined) return known;
  if (errorCode.startsWith("EAI_")) return "dns_failed";
  if (certificateError.test(errorCode)) return "certificate_invalid";
  if (errorCode.startsWith("ERR_SSL_") || errorCode.startsWith("ERR_TLS_")) return "tls_error";
  if (errorCode.startsWith("HPE_") || name === "HTTPParserError") return "invalid_response";
  if (name === "TimeoutError") return "timeout";
  return name === "AbortError" ? "aborted" : "connection_failed";
}

const stageByCode: Partial<Record<EgressFailureCode, EgressFailure["stage"]>> = {
  dns_failed: "dns",
  connection_refused: "connect",
  host_unreachable: "connect",
  egress_refused: "connect",
  certificate_invalid: "tls",
  certificate_expired: "tls",
  certificate_host_mismatch: "tls",
  tls_error: "tls",
};

interface ErrorLike {
  code?: unknown;
  name?: unknown;
  message?: unknown;
  phase?: ConnectPhase;
  cause?: unknown;
  errors?: unknown[];
}

/**
 * The failure behind an error of an undici call through `createConnector`. Texts of the error itself are never passed
 * on: they name hosts and, for some servers, repeat what was sent.
 */
export function classifyFailure(error: unknown): EgressFailure {
  const { code, name, message, phase, cause, errors } = (error ?? {}) as ErrorLike;
  const errorCode = typeof code === "string" ? code : "";
  let failureCode = codeOf(errorCode, String(name));
  if (failureCode === "connection_failed") {
    const inner = cause ?? errors?.[0];
    if (inner !== undefined && inner !== null && inner !== error) return classifyFailure(inner);
  }
  // A peer that hangs up in the middle of the handshake is a TLS problem: mostly a plain HTTP port called with https.
  const inHandshake = phase === "tls" || String(message).includes("before secure TLS connection");
  if (inHandshake && failureCode === "connection_reset") failureCode = "tls_error";
  const connecting = errorCode === "UND_ERR_CONNECT_TIMEOUT" || (error as { syscall?: unknown } | null)?.syscall === "connect";
  const stage = stageByCode[failureCode] ?? (inHandshake ? "tls" : (phase ?? (connecting ? "connect" : "http")));
  return { stage, code: failureCode, message: failureMessages[failureCode] };
}
