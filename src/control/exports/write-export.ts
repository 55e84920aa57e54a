// Writes one export to its file, piece by piece, and lets everybody else have a turn after each.
import type { FileHandle } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";

/** Between two pieces: whoever waits for an export waits a little longer, so that calls and pages don't. */
const restMs = 5;

/** How far an export has come. */
export interface ExportProgress {
  rows: number;
  bytes: number;
  /** From 0 to 1; null: not known. */
  progress: number | null;
}

/** The text of a file; says after each piece of it how many rows there are so far. */
export type ExportContent = (report: (rows: number, progress: number | null) => void) => AsyncIterable<string>;

/** Rejects with what reading, writing or `onProgress` reject with, or the reason of `signal`. */
export async function writeExport(
  file: FileHandle,
  content: ExportContent,
  signal: AbortSignal,
  onProgress: (progress: ExportProgress) => Promise<void>,
): Promise<ExportProgress> {
  const soFar: ExportProgress = { rows: 0, bytes: 0, progress: 0 };
  const pieces = content((rows, progress) => {
    soFar.rows = rows;
    soFar.progress = progress;
  });
  for await (const piece of until(signal, pieces)) {
    const bytes = Buffer.from(piece);
    await file.writeFile(bytes);
    soFar.bytes += bytes.length;
    await onProgress({ ...soFar });
    await setTimeout(restMs);
  }
  return soFar;
}

/** `pieces`, until `signal` ends the wait even for one that is being read: whoever gives an export up does not wait for the database. */
async function* until(signal: AbortSignal, pieces: AsyncIterable<string>): AsyncGenerator<string, void, void> {
  const iterator = pieces[Symbol.asyncIterator]();
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  aborted.catch(() => {});
  try {
    for (;;) {
      signal.throwIfAborted();
      const next = iterator.next();
      next.catch(() => {}); // it may fail after it was given up
      const { done, value } = await Promise.race([next, aborted]);
      if (done === true) return;
      yield value;
    }
  } finally {
    iterator.return?.().catch(() => {});
  }
}
