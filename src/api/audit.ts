// The audit log on the wire.
import { z } from "zod";
import { listQuery } from "./list.ts";
import { timeOrDateField, timeText } from "./time.ts";

const filters = {
  actor_id: z.string().min(1).optional().describe("Id of the key or the user."),
  action: z.string().min(1).optional().describe("`key.rotate`, or `key` for all that was done to keys."),
  resource_id: z.string().min(1).optional(),
  from: timeOrDateField.optional(),
  to: timeOrDateField.optional().describe("Exclusive."),
};

export const auditQuery = listQuery.extend(filters);

export const auditExportQuery = z.strictObject({
  ...filters,
  format: z.enum(["csv", "json"]).default("csv"),
});

const fields = z.record(z.string(), z.unknown()).nullable();

export const auditEntryView = z
  .object({
    id: z.string(),
    at: timeText,
    actor: z.object({
      kind: z
        .enum(["user", "key", "token", "system"])
        .describe("token: HEADGATE_ADMIN_TOKEN; system: Headgate itself, or its command line."),
      id: z.string().nullable(),
      name: z.string(),
    }),
    address: z.string().nullable().describe("Where the request came from."),
    request_id: z.string().nullable().describe("The `x-request-id` of the change; null where no request asked for it."),
    action: z.string().describe("`<resource>.<verb>`"),
    resource: z.object({ kind: z.string(), id: z.string().nullable(), name: z.string().nullable() }),
    before: fields.describe("What has changed, as it was; null: there was nothing. Secrets are `[secret]`."),
    after: fields.describe("What has changed, as it is then; null: it is gone."),
  })
  .meta({ id: "AuditEntry" });

export type AuditEntryBody = z.output<typeof auditEntryView>;
