// A key as the admin API shows it: never its digest.
import type { KeyBody } from "../../../api/keys.ts";
import { formatTime, formatTimeOrNull } from "../../../api/time.ts";
import type { Scope } from "../../../domain/api-key.ts";
import type { KeyRow } from "../../../storage/ports/keys.ts";
import { presentBodyKeeping } from "../bodies-column.ts";
import { presentLimits } from "../limits-column.ts";

/** What is set of a key, without names of others, and without what is seen of its use. */
export type KeySettings = Omit<KeyBody, "user_name" | "group_name" | "previous_expires_at" | "last_used_at">;

export function presentKey(row: KeyRow): KeySettings {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    user_id: row.user_id,
    group_id: row.group_id,
    models: row.models === null ? null : (JSON.parse(row.models) as string[]),
    scopes: JSON.parse(row.scopes) as Scope[],
    expires_at: formatTimeOrNull(row.expires_at),
    limits: presentLimits(row.limits),
    bodies: presentBodyKeeping(row.bodies),
    origin: row.origin,
    created_at: formatTime(row.created_at),
    updated_at: formatTime(row.updated_at),
    version: row.version,
  };
}
