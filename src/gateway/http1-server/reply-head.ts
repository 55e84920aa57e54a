// The head of an answer as node:http writes it, byte by byte. Refuses what a caller could read as another answer.
import { STATUS_CODES } from "node:http";

export interface ReplyHead {
  /** Ready to be written as latin1. */
  text: string;
  isChunked: boolean;
  /** False: an answer of this status has none. */
  hasBody: boolean;
  /** The connection ends with this answer. */
  closes: boolean;
}

const kinds = { ordinary: 0, contentLength: 1, connection: 2, date: 3, refused: 4 } as const;

/** A map, since names may be anything, also of what every object has. */
const kindByName = new Map<string, number>(
  Object.entries({
    "content-length": kinds.contentLength,
    connection: kinds.connection,
    date: kinds.date,
    // Of no answer that is handed on: what frames it is decided here alone.
    "transfer-encoding": kinds.refused,
    "keep-alive": kinds.refused,
    trailer: kinds.refused,
    upgrade: kinds.refused,
  }),
);

/** What is known of a header name as it is spelled; a small cache, since they repeat. */
const knownNames = new Map<string, number>();
const knownNamesMax = 2000;

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const notInValue = /[^\t\x20-\x7e\x80-\xff]/;
const close = /(?:^|\W)close(?:$|\W)/i;

/** What every answer says, and changes once a second. */
let dateLine = "";
let dateSecond = 0;

/**
 * `headers`: flat list of names and values. `keepAliveLines`: what keeps the connection, ready to be written. Throws a
 * TypeError for what can't be in a head.
 */
export function replyHead(status: number, headers: readonly string[], keepAlive: boolean, keepAliveLines: string): ReplyHead {
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "unknown"}\r\n`;
  let hasLength = false;
  let hasDate = false;
  let hasConnection = false;
  let closes = false;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    const kind = knownNames.get(name) ?? kindOf(name);
    if (notInValue.test(value)) throw new TypeError(`the header ${name} can't be sent`);
    text += `${name}: ${value}\r\n`;
    if (kind === kinds.ordinary) continue;
    if (kind === kinds.contentLength) hasLength = true;
    else if (kind === kinds.date) hasDate = true;
    else if (kind === kinds.connection) {
      hasConnection = true;
      if (close.test(value)) closes = true;
    } else throw new TypeError(`the header ${name} can't be sent`);
  }
  if (!hasDate) text += dateNow();
  if (!hasConnection) {
    text += keepAlive ? keepAliveLines : "Connection: close\r\n";
    closes = !keepAlive;
  }
  const hasBody = status !== 204 && status !== 304;
  const isChunked = hasBody && !hasLength;
  text += isChunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n";
  return { text, isChunked, hasBody, closes };
}

function kindOf(name: string): number {
  if (!token.test(name)) throw new TypeError(`the header ${name} can't be sent`);
  const kind = kindByName.get(name.toLowerCase()) ?? kinds.ordinary;
  if (knownNames.size < knownNamesMax) knownNames.set(name, kind);
  return kind;
}

function dateNow(): string {
  const nowMs = Date.now();
  const second = Math.floor(nowMs / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateLine = `Date: ${new Date(nowMs).toUTCString()}\r\n`;
  }
  return dateLine;
}
