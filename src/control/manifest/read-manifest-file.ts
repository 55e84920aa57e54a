// A manifest that is a file: its time of change and size say whether it has to be read again.
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { ManifestFailure } from "./manifest-failure.ts";
import { manifestBytesMax } from "./parse-manifest.ts";

export interface ManifestCopy {
  text: string;
  /** For the next question whether there is something newer. */
  etag: string | null;
  lastModified: string | null;
}

/** Null: it is as it was when `etag` was given. Throws ManifestFailure (stage `file`). */
export async function readManifestFile(path: string, etag: string | null): Promise<ManifestCopy | null> {
  try {
    // O_NONBLOCK: opening a named pipe would wait for a writer
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const { mtimeNs, size, isFile } = await facts(file);
      if (!isFile) throw new ManifestFailure("file", "It is not a regular file.");
      if (size > manifestBytesMax) throw new ManifestFailure("file", "The file is larger than 4 MB.");
      const seen = `file-${mtimeNs}-${size}`;
      if (seen === etag) return null;
      return { text: new TextDecoder().decode(await file.readFile()), etag: seen, lastModified: null };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof ManifestFailure) throw error;
    throw new ManifestFailure("file", sentenceOf((error as { code?: unknown } | null)?.code));
  }
}

async function facts(file: Awaited<ReturnType<typeof open>>) {
  const stats = await file.stat({ bigint: true });
  return { mtimeNs: stats.mtimeNs, size: Number(stats.size), isFile: stats.isFile() };
}

function sentenceOf(code: unknown): string {
  if (code === "ENOENT" || code === "ENOTDIR") return "There is no such file.";
  if (code === "EACCES" || code === "EPERM") return "Headgate may not read the file.";
  return code === "EISDIR" ? "It is a directory." : "The file can't be read.";
}
