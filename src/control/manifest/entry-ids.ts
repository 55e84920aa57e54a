// Ids that follow from a manifest and an entry's key: an entry that goes and comes back is the same, and two processes make one of it.
import { createHash } from "node:crypto";

export function endpointIdOf(manifestId: string, key: string): string {
  return `ep_${digest([manifestId, key])}`;
}

export function deploymentIdOf(manifestId: string, key: string, expert: string): string {
  return `dep_${digest([manifestId, key, expert])}`;
}

/** Keys and names hold no control characters, so a newline keeps the parts apart. */
function digest(parts: readonly string[]): string {
  return createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 32);
}
