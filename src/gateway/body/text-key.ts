// The keys under which requests hold text for the model: what stands there is read as text, even where it looks like a picture.

const keysByLength: (readonly Buffer[] | undefined)[] = [];
for (const key of ["text", "input", "prompt", "system", "output", "content", "arguments", "instructions"]) {
  const bytes = Buffer.from(`"${key}"`);
  keysByLength[bytes.length] = [...(keysByLength[bytes.length] ?? []), bytes];
}

/** Whether `source[start…end)`, quotes included, is one of them; those written with escapes are not recognised. */
export function isTextKey(source: Buffer, start: number, end: number): boolean {
  const candidates = keysByLength[end - start];
  if (candidates === undefined) return false;
  for (const key of candidates) {
    let at = 1;
    while (at < key.length && source[start + at] === key[at]) at++;
    if (at === key.length) return true;
  }
  return false;
}
