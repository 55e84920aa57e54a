// JSON of bounded size for the audit log: what is too long is cut, and says so.

const maxBytes = 16 * 1024;
const fieldsMax = 64;

/** JSON of `fields` of at most 16 KB. Of a field that is too long the beginning of its JSON is kept, as text. */
export function boundedJson(fields: Readonly<Record<string, unknown>>): string {
  const whole = JSON.stringify(fields);
  const bytes = Buffer.byteLength(whole);
  if (bytes <= maxBytes) return whole;
  const entries = Object.entries(fields);
  const kept = entries.slice(0, fieldsMax);
  const shareBytes = Math.floor(maxBytes / (kept.length + 1));
  const cut: [string, unknown][] = kept.map(([name, value]) => [name, cutTo(shareBytes - Buffer.byteLength(name), value)]);
  if (kept.length < entries.length) cut.push(["…", `[cut: ${entries.length - kept.length} more fields]`]);
  const text = JSON.stringify(Object.fromEntries(cut));
  return Buffer.byteLength(text) <= maxBytes ? text : JSON.stringify({ "…": `[cut: ${bytes} bytes]` });
}

/** `value`, if it takes no more than `bytes`; its beginning otherwise. */
function cutTo(bytes: number, value: unknown): unknown {
  const json = JSON.stringify(value);
  const size = Buffer.byteLength(json);
  const note = `… [cut: ${size} bytes]`;
  if (size + note.length <= bytes) return value;
  // As text within JSON a quote or backslash takes two bytes.
  const keepBytes = Math.max(0, Math.floor((bytes - 2 * note.length) / 2));
  return `${Buffer.from(json).subarray(0, keepBytes).toString()}${note}`;
}
