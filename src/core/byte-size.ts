// Sizes as people write them: "512kb", "32mb", "1gb" (powers of 1024) or a plain number of bytes.

const unitBytes: Record<string, number> = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };

/** Parses `text` to bytes, or null when it is no size. */
export function parseByteSize(text: string | number): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*(b|kb|mb|gb)?$/i.exec(String(text).trim());
  if (match === null) return null;
  return Math.round(Number(match[1]) * (unitBytes[(match[2] ?? "b").toLowerCase()] as number));
}
