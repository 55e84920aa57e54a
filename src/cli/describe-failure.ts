// Why a command failed, in words for the person who typed it.
import { ConfigError } from "../config/config-error.ts";
import { SecretKeyMismatch } from "../control/secret-key-id.ts";
import { HeadgateError } from "../core/errors.ts";
import { ChildFailed } from "../processes/supervision.ts";
import { DataDirInUse } from "../storage/data-dir-lock.ts";
import { DatabaseTooNew } from "../storage/migrate.ts";
import { StorageUnavailable } from "../storage/ports/errors.ts";
import { CommandFailed } from "./command.ts";

/** Errors whose message is written for people already. */
const spokenFor = [ChildFailed, CommandFailed, ConfigError, DatabaseTooNew, DataDirInUse, SecretKeyMismatch];

/** One line, or a short list; a stack only for what nobody foresaw, and only when `verbose`. */
export function describeFailure(error: unknown, verbose = false): string {
  if (spokenFor.some((kind) => error instanceof kind)) return (error as Error).message;
  if (error instanceof StorageUnavailable) return `The database can't be reached: ${withoutPassword(error.message)}`;
  if (error instanceof HeadgateError) return [error.message, error.options.detail].filter(Boolean).join(" ");
  if (!(error instanceof Error)) return `Unexpected failure: ${String(error)}`;
  const { code, syscall, port, path } = error as NodeJS.ErrnoException & { port?: number };
  if (code === "EADDRINUSE") return `Port ${port} is in use by another program. Choose another one with --port or HEADGATE_PORT.`;
  if (code === "EACCES" && syscall === "listen")
    return `Port ${port} may not be used by this user. Choose one above 1023 with --port.`;
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND") return "The address of --host or server.host is none of this machine's.";
  if (code !== undefined && path !== undefined) return `${path}: ${fileFailures[code] ?? code}`;
  if (verbose) return withoutPassword(error.stack ?? error.message);
  return `Unexpected failure: ${withoutPassword(error.message)} (HEADGATE_LOG_LEVEL=debug shows where)`;
}

const fileFailures: Readonly<Record<string, string>> = {
  EACCES: "may not be read or written by this user",
  EEXIST: "exists already",
  EISDIR: "is a folder",
  ENOENT: "does not exist",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of this path is no folder",
  EROFS: "the file system is read-only",
};

function withoutPassword(text: string): string {
  return text.replace(/(\w:\/\/)[^\s/@]+@/g, "$1");
}
