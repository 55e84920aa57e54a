// Reads the head of a plain model call: a subset of HTTP/1.1 of which there is one reading only (RFC 9112). The rest is node:http's.
import type { IncomingHttpHeaders } from "node:http";
import { ownText } from "../../core/own-text.ts";

/** A request's head, found to be plain. */
export interface PlainHead {
  /** The target. */
  url: string;
  rawHeaders: string[];
  headers: IncomingHttpHeaders;
  contentLength: number;
  /** Whether the caller keeps its connection. */
  keepAlive: boolean;
  /** Where the body begins. */
  bytes: number;
}

/** Larger heads are read by node:http, which knows how large one may be. */
const headBytesMax = 16 * 1024;

const headEnd = Buffer.from("\r\n\r\n");
const requestLine = /^POST (\/[\x21\x22\x24-\x7e]*) HTTP\/1\.1\r\n/;
const notInValue = /[^\t\x20-\x7e\x80-\xff]/;
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const keepOrClose = /^(?:keep-alive|close)$/i;
const length = /^(?:0|[1-9]\d{0,14})$/;
/** Bodies of which nothing is passed on before all of it is there. */
const json = /\bjson\b/i;

const kinds = { ordinary: 0, host: 1, contentLength: 2, connection: 3, contentType: 4, notPlain: 5 } as const;

const kindByName = new Map<string, number>(
  Object.entries({
    host: kinds.host,
    "content-length": kinds.contentLength,
    connection: kinds.connection,
    "content-type": kinds.contentType,
    // To node:http's parser this is `connection`.
    "proxy-connection": kinds.notPlain,
    "transfer-encoding": kinds.notPlain,
    te: kinds.notPlain,
    trailer: kinds.notPlain,
    expect: kinds.notPlain,
    upgrade: kinds.notPlain,
    "http2-settings": kinds.notPlain,
    // A list from the first one on.
    "set-cookie": kinds.notPlain,
  }),
);

interface KnownName {
  /** As it is spelled. */
  name: string;
  lower: string;
  kind: number;
}

/**
 * What is known of a header name as it is spelled; a small cache, since callers repeat themselves. In texts of their own: what
 * is cut from a head keeps all of it, and with it a key.
 */
const knownNames = new Map<string, KnownName>();
const knownNamesMax = 2000;
/** Of no use to names longer than those of any client. */
const nameLengthMax = 100;
/** Callers use few paths, too. */
const knownUrls = new Map<string, string>();
const knownUrlsMax = 500;

/**
 * The head that `bytes` begin with; null when it is not all there, or is not plain: POST to a path, JSON of a stated
 * length, each header once, nothing that says anything about the connection but whether it is kept.
 */
export function readPlainHead(bytes: Buffer): PlainHead | null {
  // "P": nothing else is worth looking for its end.
  if (bytes[0] !== 80) return null;
  const end = bytes.indexOf(headEnd);
  if (end < 0 || end > headBytesMax) return null;
  const text = bytes.toString("latin1", 0, end + 2);
  const line = requestLine.exec(text);
  if (line === null) return null;
  const head: PlainHead = {
    url: ownUrl(line[1] as string),
    rawHeaders: [],
    headers: {},
    contentLength: -1,
    keepAlive: true,
    bytes: text.length + 2,
  };
  const { rawHeaders, headers } = head;
  let at = line[0].length;
  while (at < text.length) {
    const lineEnd = text.indexOf("\r\n", at);
    const colon = text.indexOf(":", at);
    if (colon < 0 || colon > lineEnd) return null;
    const name = text.slice(at, colon);
    const known = knownNames.get(name) ?? nameOf(name);
    if (known === null) return null;
    const { lower, kind } = known;
    // One blank is what everybody writes.
    const written = text.slice(text.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1, lineEnd);
    const value = trimmed(written);
    // A second one of its name, or the name of something that every object has.
    if (headers[lower] !== undefined || notInValue.test(value)) return null;
    // node:http takes some blanks there, and some not.
    if (kind !== kinds.ordinary && (value !== written || !isPlainValue(kind, value, head))) return null;
    headers[lower] = value;
    rawHeaders.push(known.name, value);
    at = lineEnd + 2;
  }
  const isWhole = headers.host !== undefined && headers["content-type"] !== undefined && head.contentLength >= 0;
  return isWhole ? head : null;
}

/** Notes in `head` what a header of this kind says; false: it is not plain. */
function isPlainValue(kind: number, value: string, head: PlainHead): boolean {
  if (kind === kinds.host) return true;
  if (kind === kinds.contentType) return json.test(value);
  if (kind === kinds.contentLength && length.test(value)) {
    head.contentLength = Number(value);
    return true;
  }
  if (kind !== kinds.connection || !keepOrClose.test(value)) return false;
  head.keepAlive = value.length !== "close".length;
  return true;
}

/** What many a cache has as its key. */
function ownUrl(cut: string): string {
  let own = knownUrls.get(cut);
  if (own === undefined) {
    own = ownText(cut);
    if (knownUrls.size < knownUrlsMax && own.length <= nameLengthMax) knownUrls.set(own, own);
  }
  return own;
}

/** Null: not a name. */
function nameOf(cut: string): KnownName | null {
  if (!token.test(cut)) return null;
  const name = ownText(cut);
  const lower = name.toLowerCase();
  const known = { name, lower, kind: kindByName.get(lower) ?? kinds.ordinary };
  if (knownNames.size < knownNamesMax && name.length <= nameLengthMax) knownNames.set(name, known);
  return known;
}

function trimmed(value: string): string {
  let from = 0;
  let to = value.length;
  while (from < to && isBlank(value.charCodeAt(from))) from++;
  while (from < to && isBlank(value.charCodeAt(to - 1))) to--;
  return to - from === value.length ? value : value.slice(from, to);
}

function isBlank(character: number): boolean {
  return character === 32 || character === 9;
}
