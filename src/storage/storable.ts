// Text as both engines can store it.

/** PostgreSQL takes neither NUL in text nor half a surrogate pair; a record with one must not block the ledger. */
const unstorable = /[\0\ud800-\udfff]/;

/** A value as it can be stored: text with its unstorable parts replaced, anything else as it is. */
export function storable<Value>(value: Value | string): Value | string {
  if (typeof value !== "string" || !unstorable.test(value)) return value;
  return Buffer.from(value.replaceAll("\0", "\ufffd")).toString();
}
