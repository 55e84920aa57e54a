// What the fields of an endpoint may hold. One set of rules for the config file and the admin API: each returns what is wrong, or null.
// No message repeats a value that may be a credential.
import { credentialHeaders, hopByHopHeaders } from "./http-headers.ts";

/** Longest wait that a timer of Node can hold (2^31-1 ms), rounded down to whole days. */
export const longestTimerMs = 24 * 86_400_000;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
const controlCharacter = /[\u0000-\u001f\u007f]/;
/** RFC 9110 section 5.6.2: token. */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 9110 section 5.5: visible characters, space, tab, and bytes above 0x7f. */
const fieldValue = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;

/** Headers of the connection or of the message's framing: Headgate and its HTTP client set them, nobody else may. */
const framingHeaders = new Set<string>([
  ...hopByHopHeaders,
  "accept-encoding",
  "content-encoding",
  "content-length",
  "content-type",
  "expect",
  "host",
]);

const cookieHeaders = new Set(["cookie", "cookie2", "set-cookie"]);
const callerCredentials = new Set<string>(credentialHeaders);

/** An endpoint's base URL: http or https, nothing in it but scheme, host, port and path. */
export function checkEndpointUrl(text: string): string | null {
  if (text.length > 2048) return "must be at most 2048 characters";
  // URL() drops tabs and newlines and turns "\" into "/"; what is stored should be what was checked
  if (controlCharacter.test(text) || /[\s\\]/.test(text)) return "must not contain spaces, control characters or '\\'";
  if (!/^https?:\/\//i.test(text)) return "must begin with http:// or https://";
  if (!URL.canParse(text)) return "is not a URL";
  const authority = text.replace(/^https?:\/\//i, "").split(/[/?#]/, 1)[0] as string;
  if (authority.includes("@")) return "must not contain a user name or password: use `api_key`";
  if (text.includes("#")) return "must not contain a fragment ('#')";
  if (text.includes("?")) return "must not contain a query ('?'): use `query`";
  return null;
}

/** A unique endpoint name; it appears in URLs (`/endpoints/{name}/v1/…`) and headers. */
export function checkEndpointName(text: string): string | null {
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(text)) return "must be 1 to 64 letters, digits, '.', '_' or '-'";
  if (text === "." || text === "..") return "must not be '.' or '..'";
  return null;
}

/** The name of a model, upstream or public. */
export function checkModelName(text: string): string | null {
  if (text.length < 1 || text.length > 256) return "must be 1 to 256 characters";
  if (controlCharacter.test(text)) return "must not contain control characters";
  return null;
}

/** A header name by RFC 9110. */
export function checkHeaderName(text: string): string | null {
  if (text.length < 1 || text.length > 128) return "must be 1 to 128 characters";
  return token.test(text) ? null : "must be a header name: letters, digits and !#$%&'*+-.^_`|~";
}

/** The header that carries an endpoint's credential: any header but those of the connection and cookies. */
export function checkAuthHeaderName(text: string): string | null {
  const wrong = checkHeaderName(text);
  if (wrong !== null) return wrong;
  const name = text.toLowerCase();
  return framingHeaders.has(name) || cookieHeaders.has(name) ? `'${name}' can't carry a credential` : null;
}

/** A header value (or a prefix of one, spaces at its end included) by RFC 9110: no newlines or other control characters. */
export function checkHeaderValue(text: string): string | null {
  if (text.length > 8192) return "must be at most 8192 characters";
  return fieldValue.test(text) ? null : "must not contain newlines, control characters or characters outside Latin-1";
}

/** A provider's credential: visible ASCII on one line. */
export function checkCredential(text: string): string | null {
  if (text === "") return "must not be empty";
  if (text.length > 8192) return "must be at most 8192 characters";
  if (controlCharacter.test(text)) return "must not contain newlines or other control characters";
  if (/^\s|\s$/.test(text)) return "must not begin or end with a space";
  return /^[\u0020-\u007e]+$/.test(text) ? null : "must be ASCII";
}

/**
 * The headers that an endpoint gets with every request, beside the caller's. `authHeaderName` is the header that
 * carries the credential, where the endpoint sets one.
 */
export function checkCustomHeaders(headers: Readonly<Record<string, string>>, authHeaderName?: string | null): string | null {
  const names = Object.keys(headers);
  if (names.length > 64) return "must be at most 64 headers";
  const seen = new Set<string>();
  for (const given of names) {
    const wrongName = checkHeaderName(given);
    if (wrongName !== null) return `header name ${JSON.stringify(given)} ${wrongName}`;
    const name = given.toLowerCase();
    if (seen.has(name)) return `header '${name}' is there twice`;
    seen.add(name);
    if (framingHeaders.has(name)) return `header '${name}' is set by Headgate itself`;
    if (cookieHeaders.has(name)) return `header '${name}' is not allowed: Headgate passes no cookies`;
    if (callerCredentials.has(name) || name === authHeaderName?.toLowerCase()) {
      return `header '${name}' carries the credential: use \`api_key\` and \`auth_header_name\``;
    }
    const wrongValue = checkHeaderValue(headers[given] as string);
    if (wrongValue !== null) return `header '${name}' ${wrongValue}`;
  }
  return null;
}

/** The parameters added to every upstream URL; they are percent-encoded on the way. */
export function checkQuery(query: Readonly<Record<string, string>>): string | null {
  const names = Object.keys(query);
  if (names.length > 64) return "must be at most 64 parameters";
  for (const name of names) {
    if (name === "") return "must not contain an empty name";
    if (controlCharacter.test(name)) return "names must not contain control characters";
    const value = query[name] as string;
    if (value.length > 2048) return `parameter '${name}' must be at most 2048 characters`;
    if (controlCharacter.test(value)) return `parameter '${name}' must not contain control characters`;
  }
  return null;
}

/** A wait of a call, in ms. */
export function checkTimeoutMs(ms: number): string | null {
  return ms > 0 && ms <= longestTimerMs ? null : "must be more than 0 and at most 24d";
}

/** The time between two synchronisations, in ms; 0 means only on demand. */
export function checkSyncIntervalMs(ms: number): string | null {
  return ms === 0 || (ms >= 1000 && ms <= longestTimerMs) ? null : "must be 0 (only on demand) or from 1s to 24d";
}

/** The time between two probes, in ms. */
export function checkProbeIntervalMs(ms: number): string | null {
  return ms >= 1000 && ms <= 3_600_000 ? null : "must be from 1s to 1h";
}

/** How long a probe may take, in ms. */
export function checkProbeTimeoutMs(ms: number): string | null {
  return ms >= 100 && ms <= 60_000 ? null : "must be from 100ms to 60s";
}

/** An endpoint's share of a pool. */
export function checkWeight(weight: number): string | null {
  return Number.isInteger(weight) && weight >= 1 && weight <= 1000 ? null : "must be a whole number from 1 to 1000";
}
