// Text of others in a terminal: names come from providers and manifests, and a control character would steer the terminal.

/** Control characters, and those that turn the direction of writing, are shown as "·". */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu, "·");
}
