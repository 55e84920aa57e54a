// Puts another name where a body names its model.
import { spliceChunks } from "./splice-chunks.ts";

/** The body with the bytes of `range` (absolute, end exclusive) replaced by `replacement`; shares the memory of `chunks`. */
export function spliceModel(
  chunks: readonly Buffer[],
  range: { start: number; end: number },
  replacement: Buffer,
): { chunks: Buffer[]; bytes: number } {
  return spliceChunks(chunks, [{ ...range, bytes: replacement }]);
}
