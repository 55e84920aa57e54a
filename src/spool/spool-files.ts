// The spool's files: `<process id>-<sequence>.ndjson`, one record a line, in the order of their names.
import { readdir } from "node:fs/promises";
import { join } from "node:path";

export interface SpoolFile {
  path: string;
  processId: string;
  sequence: number;
}

/** How a line begins: the event first, then the rest as in domain/ledger-record.ts, the id before all else. */
export const startedStart = '{"event":"started",';
export const settledStart = '{"event":"settled",';

const namePattern = /^(p_[0-9a-f]+)-(\d{6,})\.ndjson$/;

export function spoolFilePath(dir: string, processId: string, sequence: number): string {
  return join(dir, `${processId}-${String(sequence).padStart(6, "0")}.ndjson`);
}

/** The files in `dir`, oldest process first, each process's in order. */
export async function listSpoolFiles(dir: string): Promise<SpoolFile[]> {
  const files: SpoolFile[] = [];
  for (const name of (await readdir(dir)).sort()) {
    const match = namePattern.exec(name);
    if (match !== null) files.push({ path: join(dir, name), processId: match[1] as string, sequence: Number(match[2]) });
  }
  return files;
}
