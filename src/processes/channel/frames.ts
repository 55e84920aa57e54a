// Frames on a byte stream: four bytes of length, big-endian, then one value as v8 serializes it.
import { DefaultSerializer } from "node:v8";
import { ChannelFault } from "./channel-errors.ts";

const headBytes = 4;
/** What four bytes can say, and more than any snapshot. */
export const frameBytesMaxDefault = 256 * 1024 * 1024;

/**
 * The frame of a value that v8 can clone: plain objects, arrays, Map, Set, Date, Buffer, bigint, undefined, Infinity. Throws on functions
 * and the like; of a class instance only its own public fields cross. The bytes are copied once only: into the frame.
 */
export function frameOf(value: unknown): Buffer {
  const serializer = new DefaultSerializer();
  serializer.writeRawBytes(Buffer.alloc(headBytes));
  serializer.writeHeader();
  serializer.writeValue(value);
  const frame = serializer.releaseBuffer();
  frame.writeUInt32BE(frame.length - headBytes, 0);
  return frame;
}

/** Cuts a stream of chunks into payloads. A payload within one chunk is a part of it; one of several is copied once, however many they are. */
export class FrameReader {
  readonly #frameBytesMax: number;
  readonly #onPayload: (payload: Buffer) => void;
  readonly #head = Buffer.alloc(headBytes);
  #headFilled = 0;
  /** Of the frame that has begun but not ended. */
  #payload: Buffer | null = null;
  #payloadFilled = 0;

  constructor(frameBytesMax: number, onPayload: (payload: Buffer) => void) {
    this.#frameBytesMax = frameBytesMax;
    this.#onPayload = onPayload;
  }

  /** Throws ChannelFault when a frame is longer than may be; nothing that follows can be read then. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#payload !== null) {
        const copied = chunk.copy(this.#payload, this.#payloadFilled, at);
        at += copied;
        this.#payloadFilled += copied;
        if (this.#payloadFilled < this.#payload.length) return;
        const payload = this.#payload;
        this.#payload = null;
        this.#onPayload(payload);
        continue;
      }
      let length: number;
      if (this.#headFilled === 0 && chunk.length - at >= headBytes) {
        length = chunk.readUInt32BE(at);
        at += headBytes;
      } else {
        const copied = chunk.copy(this.#head, this.#headFilled, at);
        at += copied;
        this.#headFilled += copied;
        if (this.#headFilled < headBytes) return;
        this.#headFilled = 0;
        length = this.#head.readUInt32BE(0);
      }
      if (length === 0 || length > this.#frameBytesMax) throw new ChannelFault(`a frame of ${length} bytes`);
      if (chunk.length - at >= length) {
        const payload = chunk.subarray(at, at + length);
        at += length;
        this.#onPayload(payload);
      } else {
        this.#payload = Buffer.allocUnsafeSlow(length);
        this.#payloadFilled = 0;
      }
    }
  }
}
