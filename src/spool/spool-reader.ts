// Reads one spool file from where it was left, whole lines only.
import { open } from "node:fs/promises";
import type { LedgerRecord } from "../domain/ledger-record.ts";
import { settledStart, startedStart } from "./spool-files.ts";

/** About a thousand calls: each read becomes one transaction, and what a transaction costs is shared by all in it. */
const readBytesMax = 1024 * 1024;

export interface SpoolChunk {
  records: LedgerRecord[];
  /** Where to read on, once the records are in the database. */
  nextOffset: number;
  /** Lines that are no record: what a write that failed half-way leaves. */
  unreadable: number;
}

/** A buffer to be passed to `readSpool` again and again. */
export function spoolReadBuffer(): Buffer<ArrayBuffer> {
  return Buffer.allocUnsafeSlow(readBytesMax);
}

/** The whole lines after `offset`, up to a buffer full of them; nextOffset === offset when there are none. */
export async function readSpool(
  path: string,
  offset: number,
  buffer: Buffer<ArrayBuffer> = spoolReadBuffer(),
): Promise<SpoolChunk> {
  const file = await open(path, "r");
  try {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
    const end = buffer.lastIndexOf(10, bytesRead - 1) + 1;
    if (bytesRead === 0 || end === 0) return { records: [], nextOffset: offset, unreadable: 0 };
    const records: LedgerRecord[] = [];
    let unreadable = 0;
    for (const line of withoutSettledStarts(buffer.toString("utf8", 0, end).split("\n"))) {
      try {
        records.push(JSON.parse(line) as LedgerRecord);
      } catch {
        unreadable += 1;
      }
    }
    return { records, nextOffset: offset + end, unreadable };
  } finally {
    await file.close();
  }
}

/** The lines without those starts whose outcome is among them too: the outcome repeats all that they say. */
function withoutSettledStarts(lines: readonly string[]): string[] {
  const settled = new Set<string>();
  for (const line of lines) if (line.startsWith(settledStart)) settled.add(idOf(line));
  return lines.filter((line) => line !== "" && !(line.startsWith(startedStart) && settled.has(idOf(line))));
}

/** The id, which comes right behind the event. */
function idOf(line: string): string {
  return line.slice(settledStart.length, line.indexOf(",", settledStart.length));
}
