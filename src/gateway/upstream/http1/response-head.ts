// Reads the head of an answer, as strictly as llhttp does by default (RFC 9112 sections 2 to 6).
import { invalidAnswer } from "./upstream-protocol-error.ts";

/** 0: not in a field name; 2: an upper-case letter; 1: any other character of a token. */
export const tokenCharacters = new Uint8Array(256);
for (const character of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz") tokenCharacters[character.charCodeAt(0)] = 1;
for (const character of "ABCDEFGHIJKLMNOPQRSTUVWXYZ") tokenCharacters[character.charCodeAt(0)] = 2;

const tab = 9;
const lineFeed = 10;
const carriageReturn = 13;
const space = 32;
const colon = 58;

/** The head last read. One object per connection, filled anew by each `read`. */
export class ResponseHead {
  status = 0;
  /** HTTP/1.x. */
  minorVersion = 1;
  /** Flat list: lower-case names and values. A new one with every head. */
  headers: string[] = [];
  contentLength: number | null = null;
  /** Whether and how a transfer coding is named: the last one decides where the body ends. */
  transferCoding: "none" | "chunked" | "other" = "none";
  /** Whether the connection outlasts the answer, as far as the head says. */
  keepAlive = true;
  /** From `keep-alive: timeout=…`. */
  keepAliveTimeoutMs: number | null = null;
  #connection = "";

  /** `text`: a whole head as latin1, from "HTTP/" to the CRLF of its last line. Throws UpstreamProtocolError. */
  read(text: string): void {
    this.headers = [];
    this.contentLength = null;
    this.transferCoding = "none";
    this.keepAliveTimeoutMs = null;
    this.#connection = "";
    let at = this.#readStatusLine(text);
    const { headers } = this;
    while (at < text.length) {
      const nameAt = at;
      let isUpper = false;
      let character = text.charCodeAt(at);
      for (let kind = tokenCharacters[character] as number; kind > 0; kind = tokenCharacters[character] as number) {
        if (kind === 2) isUpper = true;
        character = text.charCodeAt(++at);
      }
      // Whitespace before the colon, and folded lines, which begin with it, end here too.
      if (at === nameAt || character !== colon) throw invalidAnswer("a header's name");
      const name = isUpper ? text.slice(nameAt, at).toLowerCase() : text.slice(nameAt, at);
      do character = text.charCodeAt(++at);
      while (character === space || character === tab);
      const valueAt = at;
      at = endOfText(text, at);
      let valueEnd = at;
      while (valueEnd > valueAt && isBlank(text.charCodeAt(valueEnd - 1))) valueEnd--;
      const value = text.slice(valueAt, valueEnd);
      headers.push(name, value);
      if (name.length >= 10) this.#note(name, value);
      at += 2;
    }
    this.#decideKeepAlive();
  }

  /** Returns where the first header line begins. */
  #readStatusLine(text: string): number {
    const minorVersion = text.charCodeAt(7) - 48;
    const hundreds = text.charCodeAt(9) - 48;
    const tens = text.charCodeAt(10) - 48;
    const ones = text.charCodeAt(11) - 48;
    const isVersion = text.startsWith("HTTP/1.") && (minorVersion === 1 || minorVersion === 0) && text.charCodeAt(8) === space;
    const isStatus = hundreds >= 1 && hundreds <= 9 && tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9;
    const next = text.charCodeAt(12);
    if (!isVersion || !isStatus || (next !== space && next !== carriageReturn)) throw invalidAnswer("the status line");
    this.minorVersion = minorVersion;
    this.status = hundreds * 100 + tens * 10 + ones;
    return endOfText(text, 12) + 2;
  }

  #note(name: string, value: string): void {
    if (name === "content-length") {
      // Two of them, even equal ones, are somebody's attempt or mistake.
      const length = /^\d{1,16}$/.test(value) && this.contentLength === null ? Number(value) : Number.NaN;
      if (!Number.isSafeInteger(length)) throw invalidAnswer("the content-length");
      this.contentLength = length;
    } else if (name === "transfer-encoding") {
      this.#noteCodings(value);
    } else if (name === "connection") {
      this.#connection += this.#connection === "" ? value.toLowerCase() : `,${value.toLowerCase()}`;
    } else if (name === "keep-alive") {
      const seconds = /(?:^|[\s,;])timeout=(\d{1,9})/i.exec(value)?.[1];
      if (seconds !== undefined) this.keepAliveTimeoutMs = Number(seconds) * 1000;
    }
  }

  #noteCodings(value: string): void {
    for (const coding of value.split(",")) {
      // Anything after "chunked" hides where the body ends.
      if (this.transferCoding === "chunked") throw invalidAnswer("the transfer-encoding");
      this.transferCoding = coding.trim().toLowerCase() === "chunked" ? "chunked" : "other";
    }
  }

  #decideKeepAlive(): void {
    const connection = this.#connection;
    this.keepAlive = this.minorVersion === 1;
    if (connection === "") return;
    const options = connection.split(",");
    if (options.some((option) => option.trim() === "close")) this.keepAlive = false;
    else if (options.some((option) => option.trim() === "keep-alive")) this.keepAlive = true;
  }
}

function isBlank(character: number): boolean {
  return character === space || character === tab;
}

/** Where the CRLF of the line stands that goes on at `at`. Throws for a character that may not be in one. */
function endOfText(text: string, at: number): number {
  for (let character = text.charCodeAt(at); ; character = text.charCodeAt(++at)) {
    if ((character >= space && character !== 127) || character === tab) continue;
    if (character === carriageReturn && text.charCodeAt(at + 1) === lineFeed) return at;
    throw invalidAnswer("a control character in the head");
  }
}
