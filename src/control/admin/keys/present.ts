// A key as the admin API shows it: never its digest.
import type { KeyBody } from "../../../api/keys.ts";
import { formatTime, formatTimeOrNull } from "../../../api/time.ts";
import type { Scope } from "../../../domain/api-key.ts";
import type { KeyRow } from "../../../storage/port.ts";
import { presentLimits } from "../limits-column.ts";

export function presentKey(row: KeyRow): KeyBody {
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
    origin: row.origin,
    created_at: formatTime(row.created_at),
    updated_at: formatTime(row.updated_at),
    version: row.version,
  };
}
