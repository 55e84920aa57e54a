// Reads one spool file from where it was left, whole lines only.
import { open } from "node:fs/promises";
import type { LedgerRecord } from "../domain/ledger-record.ts";

const readBytesMax = 1024 * 1024;

export interface SpoolChunk {
  records: LedgerRecord[];
  /** Where to read on, once the records are in the database. */
  nextOffset: number;
  /** Lines that are no record: what a write that failed half-way leaves. */
  unreadable: number;
}

/** The whole lines after `offset`, up to 1 MB of them; nextOffset === offset when there are none. */
export async function readSpool(path: string, offset: number): Promise<SpoolChunk> {
  const file = await open(path, "r");
  try {
    const buffer = Buffer.allocUnsafe(readBytesMax);
    const { bytesRead } = await file.read(buffer, 0, readBytesMax, offset);
    const end = buffer.lastIndexOf(10, bytesRead - 1) + 1;
    if (bytesRead === 0 || end === 0) return { records: [], nextOffset: offset, unreadable: 0 };
    const records: LedgerRecord[] = [];
    let unreadable = 0;
    for (const line of buffer.toString("utf8", 0, end).split("\n")) {
      if (line === "") continue;
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
