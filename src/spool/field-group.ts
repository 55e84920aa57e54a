// Fields of a record that are nearly always the same together, such as all about one key: written as the bytes of last time.
import type { JsonBytes } from "../core/json-bytes.ts";

/** Entries kept; where there are more keys than this, it begins anew now and then. */
const entriesMax = 4096;

export class FieldGroup<Fields> {
  readonly #keyOf: (fields: Fields) => string | number | null;
  readonly #isSame: (a: Fields, b: Fields) => boolean;
  readonly #encode: (to: JsonBytes, fields: Fields) => void;
  readonly #known = new Map<string | number | null, { fields: Fields; bytes: Uint8Array }>();

  /** `isSame` compares what `encode` writes, of two whose `keyOf` is the same. */
  constructor(
    keyOf: (fields: Fields) => string | number | null,
    isSame: (a: Fields, b: Fields) => boolean,
    encode: (to: JsonBytes, fields: Fields) => void,
  ) {
    this.#keyOf = keyOf;
    this.#isSame = isSame;
    this.#encode = encode;
  }

  write(to: JsonBytes, fields: Fields): void {
    const key = this.#keyOf(fields);
    const known = this.#known.get(key);
    if (known !== undefined && this.#isSame(known.fields, fields)) return to.raw(known.bytes);
    const from = to.length;
    this.#encode(to, fields);
    if (this.#known.size >= entriesMax) this.#known.clear();
    this.#known.set(key, { fields, bytes: to.copyFrom(from) });
  }
}
