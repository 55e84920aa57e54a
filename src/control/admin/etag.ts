// Optimistic locking: the version of a resource as its ETag, and If-Match held against it (RFC 9110 sections 8.8.3 and 13.1.1).
import { HeadgateError } from "../../core/errors.ts";

/** The ETag of a version, or of any text that changes with the resource. */
export function etagOf(version: number | string): string {
  return `"${version}"`;
}

/** Throws HeadgateError stale when `ifMatch` was sent and names neither `*` nor the current ETag. */
export function checkIfMatch(ifMatch: string | undefined, etag: string): void {
  if (ifMatch === undefined) return;
  const named = ifMatch.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  if (!named.includes("*") && !named.includes(etag)) throw new HeadgateError("stale");
}
