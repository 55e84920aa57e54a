// Finds the form field `model` in a multipart/form-data body while it arrives (RFC 7578, RFC 2046 section 5.1).
import { HeadgateError } from "../../core/errors.ts";
import { readParameters, readPartHeaders } from "./part-headers.ts";

const headerBytesMax = 16 * 1024;
const modelBytesMax = 512;

/** In the bytes of a part (or before the first), looking for the delimiter. */
const inData = 0;
/** Behind a delimiter: the rest of its line. */
const inDelimiterLine = 1;
const inHeaders = 2;
/** Behind the closing delimiter: whatever comes is ignored. */
const inEpilogue = 3;

/** Where in a delimiter's line. */
const afterBoundary = 0;
const inPadding = 1;
const afterCr = 2;
const afterDash = 3;
const afterDashes = 4;

const cr = 0x0d;
const lf = 0x0a;
const dash = 0x2d;

export interface ScannedMultipart {
  model: string;
  /** The range of the field's value, absolute, end exclusive. */
  modelStart: number;
  modelEnd: number;
  bytes: number;
}

/** The boundary of a multipart/form-data content type; null when it is something else or has no boundary of 1 to 70 characters. */
export function boundaryOf(contentType: string): string | null {
  if (!/^\s*multipart\/form-data\s*(?:;|$)/i.test(contentType)) return null;
  const boundary = readParameters(contentType.trim())?.get("boundary") ?? "";
  return /^[\x20-\x7e]{0,69}[\x21-\x7e]$/.test(boundary) ? boundary : null;
}

/** Feed it the body chunk by chunk, then call `end()`. Keeps no more than a part's headers and a short field at a time. */
export class MultipartScanner {
  readonly #delimiter: Buffer;
  #state = inData;
  /** Absolute position of the next chunk. */
  #offset = 0;
  /** How much of the delimiter the bytes read last may be. Where data begins, its CRLF counts as read. */
  #matched = 2;
  /** Where the part's bytes begin. The first delimiter may lack its CRLF: it then stands before the body. */
  #dataStart = -2;
  #lineState = afterBoundary;
  #headerPieces: Buffer[] = [];
  #headerBytes = 0;
  /** How much of CRLF CRLF the headers' last bytes are; the delimiter's own line end is the first half. */
  #headerEndMatched = 2;
  #inModel = false;
  #valuePieces: Buffer[] = [];
  #valueBytes = 0;
  #model: string | null = null;
  #modelParts = 0;
  #modelStart = -1;
  #modelEnd = -1;

  constructor(boundary: string) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, "latin1");
  }

  /** Throws `invalid_json` for what is no multipart, `duplicate_model`. */
  write(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      switch (this.#state) {
        case inData:
          at = this.#readData(chunk, at);
          break;
        case inDelimiterLine:
          at = this.#readDelimiterLine(chunk, at);
          break;
        case inHeaders:
          at = this.#readHeaders(chunk, at);
          break;
        default:
          at = chunk.length;
      }
    }
    this.#offset += chunk.length;
  }

  /** Throws `invalid_json` when the closing delimiter is missing, `model_required`. */
  end(): ScannedMultipart {
    const closed = this.#state === inEpilogue || (this.#state === inDelimiterLine && this.#lineState === afterDashes);
    if (!closed) throw malformed("its closing boundary is missing");
    if (this.#valueBytes > modelBytesMax) {
      throw new HeadgateError("model_required", { field: "model", message: `"model" is longer than ${modelBytesMax} bytes.` });
    }
    if (this.#model === null || this.#model === "") throw new HeadgateError("model_required", { field: "model" });
    return { model: this.#model, modelStart: this.#modelStart, modelEnd: this.#modelEnd, bytes: this.#offset };
  }

  #readData(chunk: Buffer, from: number): number {
    const delimiter = this.#delimiter;
    let at = from;
    // A delimiter that began in an earlier chunk. CR stands in it only at its start, so a mismatch never hides another start.
    while (this.#matched > 0 && at < chunk.length) {
      if (chunk[at] !== delimiter[this.#matched]) {
        const read = Math.min(this.#matched, this.#offset + at - this.#dataStart);
        this.#keepValue(delimiter.subarray(this.#matched - read, this.#matched));
        this.#matched = 0;
        break;
      }
      at++;
      this.#matched++;
      if (this.#matched === delimiter.length) return this.#endData(at);
    }
    if (at === chunk.length) return at;
    const found = chunk.indexOf(delimiter, at);
    if (found !== -1) {
      this.#keepValue(chunk.subarray(at, found));
      return this.#endData(found + delimiter.length);
    }
    // The delimiter may begin in the last bytes of this chunk: only a CR whose followers all fit can be its start.
    const lastCr = chunk.lastIndexOf(cr);
    const tail = chunk.length - lastCr;
    if (lastCr >= at && tail < delimiter.length && chunk.compare(delimiter, 0, tail, lastCr) === 0) {
      this.#keepValue(chunk.subarray(at, lastCr));
      this.#matched = tail;
    } else {
      this.#keepValue(chunk.subarray(at));
    }
    return chunk.length;
  }

  /** A delimiter ended before `at`. */
  #endData(at: number): number {
    const end = this.#offset + at - this.#delimiter.length;
    // Without a CRLF of its own, some parsers take it for a delimiter and some for data.
    if (end < this.#dataStart) throw malformed("a boundary stands where a part's bytes begin");
    if (this.#inModel) {
      this.#modelEnd = end;
      this.#model = Buffer.concat(this.#valuePieces).toString();
      this.#inModel = false;
      this.#valuePieces = [];
    }
    this.#matched = 0;
    this.#lineState = afterBoundary;
    this.#state = inDelimiterLine;
    return at;
  }

  #keepValue(bytes: Buffer): void {
    if (!this.#inModel || bytes.length === 0) return;
    this.#valueBytes += bytes.length;
    if (this.#valueBytes <= modelBytesMax) this.#valuePieces.push(bytes);
  }

  /** After the boundary: "--" closes the body, white space and CRLF begin a part, anything else parsers disagree on. */
  #readDelimiterLine(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      const state = this.#lineState;
      const isSpace = byte === 0x20 || byte === 0x09;
      if (state === afterDashes && (isSpace || byte === cr)) {
        this.#state = inEpilogue;
        return chunk.length;
      }
      if (state === afterCr && byte === lf) {
        this.#state = inHeaders;
        this.#headerPieces = [];
        this.#headerBytes = 0;
        this.#headerEndMatched = 2;
        return at + 1;
      }
      if (state <= inPadding && isSpace) this.#lineState = inPadding;
      else if (state <= inPadding && byte === cr) this.#lineState = afterCr;
      else if (state === afterBoundary && byte === dash) this.#lineState = afterDash;
      else if (state === afterDash && byte === dash) this.#lineState = afterDashes;
      else throw malformed(`unexpected byte ${this.#offset + at} behind a boundary`);
    }
    return chunk.length;
  }

  #readHeaders(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      const matched = this.#headerEndMatched;
      if (byte === (matched % 2 === 0 ? cr : lf)) this.#headerEndMatched = matched + 1;
      else this.#headerEndMatched = byte === cr ? 1 : 0;
      if (this.#headerEndMatched === 4) {
        this.#keepHeaders(chunk.subarray(from, at + 1));
        this.#startPart(at + 1);
        return at + 1;
      }
    }
    this.#keepHeaders(chunk.subarray(from));
    return chunk.length;
  }

  #keepHeaders(bytes: Buffer): void {
    this.#headerBytes += bytes.length;
    if (this.#headerBytes > headerBytesMax) throw malformed(`a part's headers are longer than ${headerBytesMax} bytes`);
    this.#headerPieces.push(bytes);
  }

  /** The headers ended before `at`: there the part's bytes begin. */
  #startPart(at: number): void {
    const block = Buffer.concat(this.#headerPieces, this.#headerBytes).toString();
    this.#headerPieces = [];
    // "" for a part without headers, whose block is the empty line alone.
    const field = readPartHeaders(block.slice(0, Math.max(0, block.length - 4)));
    if (typeof field === "string") throw malformed(field);
    this.#state = inData;
    this.#matched = 2;
    this.#dataStart = this.#offset + at;
    if (field.name !== "model") return;
    // Parsers differ on which of two wins, and on whether a file may be the value of a text field.
    if (++this.#modelParts > 1) {
      const message = 'The form has more than one field "model". Send exactly one.';
      throw new HeadgateError("duplicate_model", { field: "model", message });
    }
    if (field.isFile) return;
    this.#inModel = true;
    this.#modelStart = this.#dataStart;
  }
}

function malformed(what: string): HeadgateError {
  return new HeadgateError("invalid_json", { message: `The multipart body is malformed: ${what}.` });
}
