// A value that must never be printed: every way of turning it into text gives "[secret]".
import { inspect } from "node:util";

/**
 * Wraps a credential so that logging, JSON, string concatenation and `util.inspect` show `[secret]`.
 * `expose()` is the only way to the text; calls to it are the places to review.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The plain text. Use at the moment of use (an upstream header, a cipher), never to build a message. */
  expose(): string {
    return this.#value;
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  [inspect.custom](): string {
    return "[secret]";
  }
}
