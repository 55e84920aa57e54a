// Why a server could not be asked, and what to do about it.

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was cut",
  EHOSTUNREACH: "there is no way to this host",
  ENETUNREACH: "there is no way to this network",
  ENOTFOUND: "there is no such host",
  EAI_AGAIN: "the host's name can't be looked up",
  ETIMEDOUT: "it took too long to connect",
  UND_ERR_CONNECT_TIMEOUT: "it took too long to connect",
  UND_ERR_HEADERS_TIMEOUT: "no answer came in time",
  UND_ERR_BODY_TIMEOUT: "the answer stopped in the middle",
  UND_ERR_SOCKET: "the connection was cut",
};

/** Certificates that nobody vouches for have codes such as DEPTH_ZERO_SELF_SIGNED_CERT. */
const certificate = /CERT|SIGNATURE|ALTNAME|SELF_SIGNED|ISSUER/;

export function describeUnreachable(error: unknown, url: string): string {
  const code = codeOf(error);
  if (code === "ECONNREFUSED")
    return `Nothing answers at ${url}: ${reasons.ECONNREFUSED}. Start it there with \`headgate start\`, or name another place with --url or HEADGATE_URL.`;
  if (certificate.test(code))
    return `The certificate of ${url} is not trusted (${code}). NODE_EXTRA_CA_CERTS names a file with the authority that signed it.`;
  const reason = reasons[code] ?? (code || (error instanceof Error ? error.message : String(error)));
  return `${url} can't be asked: ${reason}. --url or HEADGATE_URL say where Headgate is.`;
}

/** Of the error, or of what lies behind it: several addresses of one host fail as one error. */
function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown[] };
  return typeof code === "string" ? code : codeOf(cause ?? errors?.[0]);
}
