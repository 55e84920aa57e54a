// A text that is kept for long should not keep the one that it was cut from.

/** The same text in memory of its own: V8 keeps what is cut from another text as a view of all of that. */
export function ownText(text: string): string {
  return Buffer.from(text).toString();
}
