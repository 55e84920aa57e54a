// Replaces ranges of a body that lies in chunks, without copying what stays.

/** Bytes `start` to `end` (exclusive, absolute) give way to `bytes`; an empty range inserts. */
export interface Edit {
  start: number;
  end: number;
  bytes: Buffer;
}

/** `edits` are in order and don't overlap. The answer shares the memory of `chunks`. */
export function spliceChunks(chunks: readonly Buffer[], edits: readonly Edit[]): { chunks: Buffer[]; bytes: number } {
  const out: Buffer[] = [];
  let bytes = 0;
  const add = (piece: Buffer) => {
    if (piece.length === 0) return;
    out.push(piece);
    bytes += piece.length;
  };
  let index = 0;
  /** Absolute position of chunk `index`. */
  let offset = 0;
  let position = 0;
  /** Moves to `until`, keeping the bytes in between or dropping them. */
  const advance = (until: number, keep: boolean) => {
    while (position < until && index < chunks.length) {
      const chunk = chunks[index] as Buffer;
      const end = Math.min(until, offset + chunk.length);
      if (keep)
        add(position === offset && end === offset + chunk.length ? chunk : chunk.subarray(position - offset, end - offset));
      position = end;
      if (end === offset + chunk.length) {
        offset = end;
        index++;
      }
    }
  };
  for (const edit of edits) {
    advance(edit.start, true);
    add(edit.bytes);
    advance(edit.end, false);
  }
  advance(Number.POSITIVE_INFINITY, true);
  return { chunks: out, bytes };
}
