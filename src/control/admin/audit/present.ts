// An entry of the audit log as the admin API shows it.
import type { AuditEntryBody } from "../../../api/audit.ts";
import { formatTime } from "../../../api/time.ts";
import type { AuditRow } from "../../../storage/ports/audit.ts";

export function presentAuditEntry(row: AuditRow): AuditEntryBody {
  return {
    id: row.id,
    at: formatTime(row.at),
    actor: { kind: row.actor_kind as AuditEntryBody["actor"]["kind"], id: row.actor_id, name: row.actor_name },
    address: row.address,
    request_id: row.request_id,
    action: row.action,
    resource: { kind: row.resource_kind, id: row.resource_id, name: row.resource_name },
    before: fieldsOf(row.before),
    after: fieldsOf(row.after),
  };
}

function fieldsOf(json: string | null): Record<string, unknown> | null {
  return json === null ? null : (JSON.parse(json) as Record<string, unknown>);
}
