// The file of an export in the database, in parts, so that every replica can give it out: with PostgreSQL there may be several.
import type { FileHandle } from "node:fs/promises";
import type { ExportRepository } from "../../storage/ports/exports.ts";

const partBytes = 384 * 1024;

/** Throws the signal's reason when it is given up. */
export async function writeParts(exports: ExportRepository, id: string, file: FileHandle, signal: AbortSignal): Promise<void> {
  const buffer = Buffer.alloc(partBytes);
  for (let position = 0; ; position++) {
    signal.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, partBytes, position * partBytes);
    if (bytesRead === 0) return;
    await exports.addPart({ export_id: id, position, content: buffer.toString("base64", 0, bytesRead) });
  }
}

/** Null: there are none. */
export async function readParts(exports: ExportRepository, id: string): Promise<AsyncGenerator<Buffer> | null> {
  const first = await exports.part(id, 0);
  if (first === null) return null;
  return (async function* () {
    for (let [part, position]: [string | null, number] = [first, 0]; part !== null; part = await exports.part(id, ++position)) {
      yield Buffer.from(part, "base64");
    }
  })();
}
