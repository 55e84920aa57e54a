// One event of a server-sent event stream; its fields are read only when somebody asks for them.

const lf = 0x0a;
const cr = 0x0d;
const colon = 0x3a;
const space = 0x20;

export class SseEvent {
  /** Absolute byte range in the stream, the blank line included. */
  readonly start: number;
  readonly end: number;
  /** The event as it came; of an oversized one only its last bytes. Memory that is reused: valid during the callback only. */
  readonly bytes: Buffer;
  /** Larger than the splitter's bound: `data` is null, whatever the event held. */
  readonly oversized: boolean;
  /** False for what was left when the stream ended without a blank line. Readers that follow the standard drop it. */
  readonly terminated: boolean;
  /** Lines that are not blank. */
  readonly lineCount: number;
  readonly #head: Buffer;
  #read = false;
  #name: string | null = null;
  #data: Buffer | null = null;

  /** `head` is the beginning of an oversized event, enough to hold its name. */
  constructor(start: number, end: number, bytes: Buffer, terminated: boolean, lineCount: number, head: Buffer | null) {
    this.start = start;
    this.end = end;
    this.bytes = bytes;
    this.terminated = terminated;
    this.lineCount = lineCount;
    this.oversized = head !== null;
    this.#head = head ?? bytes;
  }

  /** The `event` field; null when missing or empty. Of an oversized event: as far as its beginning tells. */
  get name(): string | null {
    if (!this.#read) this.#readFields();
    return this.#name;
  }

  /** The `data` lines joined by LF, empty for an empty `data` line; null when there is none, or the event is oversized. */
  get data(): Buffer | null {
    if (!this.#read) this.#readFields();
    return this.oversized ? null : this.#data;
  }

  /** True when nothing is dispatched: comments, `id`, `retry`, a name without data, a stray blank line. */
  get commentOnly(): boolean {
    if (!this.#read) this.#readFields();
    return this.#data === null;
  }

  #readFields(): void {
    this.#read = true;
    const bytes = this.#head;
    const length = bytes.length;
    const dataLines: Buffer[] = [];
    let at = this.start === 0 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
    // Each is looked for again only once passed, so that no byte is searched twice.
    let nextLf = indexOrEnd(bytes, lf, at);
    let nextCr = indexOrEnd(bytes, cr, at);
    while (at < length) {
      const end = Math.min(nextLf, nextCr);
      if (end > at) this.#readLine(bytes, at, end, dataLines);
      at = end + 1;
      if (nextLf < at) nextLf = indexOrEnd(bytes, lf, at);
      if (nextCr < at) nextCr = indexOrEnd(bytes, cr, at);
    }
    if (dataLines.length === 1) this.#data = dataLines[0] as Buffer;
    else if (dataLines.length > 1) this.#data = joinLines(dataLines);
  }

  #readLine(bytes: Buffer, start: number, end: number, dataLines: Buffer[]): void {
    const first = bytes[start];
    if (first === 0x64) {
      const from = valueStart(bytes, start, end, dataField);
      if (from !== -1) dataLines.push(bytes.subarray(from, end));
    } else if (first === 0x65) {
      const from = valueStart(bytes, start, end, eventField);
      if (from !== -1) this.#name = from === end ? null : bytes.toString("utf8", from, end);
    }
  }
}

function indexOrEnd(bytes: Buffer, byte: number, from: number): number {
  const index = bytes.indexOf(byte, from);
  return index === -1 ? bytes.length : index;
}

function joinLines(lines: readonly Buffer[]): Buffer {
  const pieces: Buffer[] = [];
  for (const line of lines) pieces.push(line, newLine);
  pieces.pop();
  return Buffer.concat(pieces);
}

const dataField = Buffer.from("data");
const eventField = Buffer.from("event");
const newLine = Buffer.from("\n");

/** Where the value begins when the line's field is `field`, else -1. */
function valueStart(bytes: Buffer, start: number, end: number, field: Buffer): number {
  const length = field.length;
  if (end - start < length) return -1;
  for (let index = 1; index < length; index++) if (bytes[start + index] !== field[index]) return -1;
  const after = start + length;
  if (after === end) return end;
  if (bytes[after] !== colon) return -1;
  return bytes[after + 1] === space && after + 1 < end ? after + 2 : after + 1;
}
