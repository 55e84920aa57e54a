// Why an export has failed, in words for whoever asked for it.
import { StorageUnavailable } from "../../storage/ports/errors.ts";

/** A failure whose message says all there is to say. */
export class ExportFailed extends Error {}

export const interruptedText = "It was interrupted by a restart. Make it again.";

/** Null: nothing that was foreseen; the log has to have it. */
export function failureText(error: unknown): string | null {
  if (error instanceof ExportFailed) return error.message;
  if (error instanceof StorageUnavailable) return "The database was away while it was read. Make the export again.";
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code === "ENOSPC" || code === "EDQUOT") return "There is no space left on Headgate's disk. Tell an administrator.";
  if (code === "EACCES" || code === "EPERM" || code === "EROFS" || code === "ENOENT") {
    return "Headgate can't write to `exports` in its data directory. Tell an administrator.";
  }
  return null;
}

export const unforeseenText = "Something went wrong inside Headgate. The id of the export finds the cause in the log.";
