// Takes the chunked coding off a body, byte by byte where it is framing, without copying where it is data (RFC 9112 section 7.1).
import { tokenCharacters } from "./response-head.ts";
import { invalidAnswer, UpstreamProtocolError } from "./upstream-protocol-error.ts";

const states = {
  firstDigit: 0,
  digits: 1,
  extension: 2,
  sizeEnd: 3,
  data: 4,
  dataEnd: 5,
  dataEndLf: 6,
  trailer: 7,
  trailerName: 8,
  trailerValue: 9,
  trailerEnd: 10,
  lastLf: 11,
  done: 12,
} as const;

const extensionBytesMax = 4096;
/** RFC 9112 section 7.1.1, without the whitespace that only old senders put there. */
const extensions = /^(?:;[\w!#$%&'*+\-.^`|~]+(?:=(?:[\w!#$%&'*+\-.^`|~]+|"(?:[\t !#-[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"))?)+$/;

const tab = 9;
const lineFeed = 10;
const carriageReturn = 13;
const space = 32;
const colon = 58;
const semicolon = 59;

/** One body at a time; `begin` starts the next. */
export class ChunkedBody {
  readonly #trailerBytesMax: number;
  #state: number = states.done;
  /** Of the chunk: its size while that is read, then what is left of it. */
  #bytes = 0;
  #extension = "";
  #trailerBytes = 0;

  constructor(trailerBytesMax: number) {
    this.#trailerBytesMax = trailerBytesMax;
  }

  begin(): void {
    this.#state = states.firstDigit;
    this.#bytes = 0;
    this.#trailerBytes = 0;
  }

  get isDone(): boolean {
    return this.#state === states.done;
  }

  /** Bytes of data that come next. 0: `readFraming` comes next, unless the body is done. */
  get dataBytes(): number {
    return this.#state === states.data ? this.#bytes : 0;
  }

  /** So many bytes of data have been taken. */
  tookData(bytes: number): void {
    this.#bytes -= bytes;
    if (this.#bytes === 0) this.#state = states.dataEnd;
  }

  /** Reads on to the next data, the end of the body or the end of `chunk`; returns where. Throws UpstreamProtocolError. */
  readFraming(chunk: Buffer, at: number): number {
    for (; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      switch (this.#state) {
        case states.dataEnd:
          this.#expect(byte, carriageReturn, states.dataEndLf);
          break;
        case states.dataEndLf:
          this.#expect(byte, lineFeed, states.firstDigit);
          break;
        case states.firstDigit:
        case states.digits:
          this.#readSize(byte);
          break;
        case states.extension:
          this.#readExtension(byte);
          break;
        case states.sizeEnd:
          this.#expect(byte, lineFeed, this.#bytes === 0 ? states.trailer : states.data);
          break;
        case states.trailer:
        case states.trailerName:
        case states.trailerValue:
          this.#readTrailer(byte);
          break;
        case states.trailerEnd:
          this.#expect(byte, lineFeed, states.trailer);
          break;
        case states.lastLf:
          this.#expect(byte, lineFeed, states.done);
          break;
        default:
          return at;
      }
    }
    return at;
  }

  #expect(byte: number, expected: number, next: number): void {
    if (byte !== expected) throw invalidAnswer("a line end in the chunked body");
    this.#state = next;
  }

  #readSize(byte: number): void {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      this.#bytes = this.#bytes * 16 + digit;
      if (this.#bytes > Number.MAX_SAFE_INTEGER) throw invalidAnswer("a chunk's size");
      this.#state = states.digits;
    } else if (this.#state === states.digits && byte === carriageReturn) {
      this.#state = states.sizeEnd;
    } else if (this.#state === states.digits && byte === semicolon) {
      this.#extension = ";";
      this.#state = states.extension;
    } else {
      throw invalidAnswer("a chunk's size");
    }
  }

  #readExtension(byte: number): void {
    if (byte !== carriageReturn) {
      this.#extension += String.fromCharCode(byte);
      if (this.#extension.length > extensionBytesMax) throw invalidAnswer("a chunk's extension");
      return;
    }
    if (!extensions.test(this.#extension)) throw invalidAnswer("a chunk's extension");
    this.#extension = "";
    this.#state = states.sizeEnd;
  }

  /** Trailers are checked like headers, and dropped. */
  #readTrailer(byte: number): void {
    if (++this.#trailerBytes > this.#trailerBytesMax) {
      throw new UpstreamProtocolError("HEADGATE_UPSTREAM_HEAD_TOO_LARGE", "the trailers are too large");
    }
    if (this.#state === states.trailerValue) {
      if (byte === carriageReturn) this.#state = states.trailerEnd;
      else if ((byte < space && byte !== tab) || byte === 127) throw invalidAnswer("a trailer's value");
    } else if (tokenCharacters[byte] !== 0) {
      this.#state = states.trailerName;
    } else if (this.#state === states.trailer && byte === carriageReturn) {
      this.#state = states.lastLf;
    } else if (this.#state === states.trailerName && byte === colon) {
      this.#state = states.trailerValue;
    } else {
      throw invalidAnswer("a trailer's name");
    }
  }
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
