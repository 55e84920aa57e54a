// The state of this installation, and who is asking, on the wire.
import { z } from "zod";
import { scopes } from "../domain/api-key.ts";
import { actions, roles } from "../domain/policy.ts";
import { timeText } from "./time.ts";

const part = z.object({
  state: z.enum(["ok", "unavailable"]),
  since: timeText.nullable(),
  detail: z.string().nullable(),
});

export const systemView = z
  .object({
    version: z.string(),
    node: z.string().describe("Version of Node.js."),
    started_at: timeText,
    uptime_seconds: z.number(),
    status: z.enum(["ok", "degraded"]),
    reasons: z.array(z.object({ part: z.string(), since: timeText, detail: z.string() })),
    snapshot: z
      .object({
        version: z.number().int(),
        built_at: timeText,
        age_seconds: z.number(),
        keys: z.number().int(),
        users: z.number().int(),
        groups: z.number().int(),
        models: z.number().int(),
        endpoints: z.number().int(),
      })
      .nullable()
      .describe("What the data plane works from; null until the first one is published."),
    spool: z.object({
      backlog_bytes: z.number().int().describe("Written here, not in the database yet."),
      accepting: z.boolean().describe("False: new calls get 503 `accounting_unavailable`."),
      failure: z.string().nullable().describe("Why records can't be written at the moment; null while they can."),
      unrecorded_attempts: z.number().int(),
    }),
    database: part.extend({ engine: z.enum(["sqlite", "postgres"]) }),
    manifests: z
      .array(
        z.object({
          name: z.string(),
          status: z.enum(["ok", "stale", "never_loaded"]),
          age_seconds: z.number().nullable().describe("Of the copy in use; null: there is none."),
        }),
      )
      .describe("GET /manifests has more of each."),
    backup: z
      .object({
        last_at: timeText.describe("When it began."),
        file: z.string(),
        bytes: z.number().int().describe("0 when it failed."),
        duration_ms: z.number(),
        ok: z.boolean(),
        error: z.string().nullable(),
      })
      .nullable()
      .describe("The last run of `headgate backup`; null: there was none. PostgreSQL's own tools tell nothing here."),
    warnings: z.array(z.string()).describe("What is odd about the configuration, as the log said at the start."),
    redis: part.nullable().describe("Null where none is configured."),
  })
  .meta({ id: "System" });

export const whoamiView = z
  .object({
    kind: z
      .enum(["token", "user"])
      .describe("`token`: a key or the token of HEADGATE_ADMIN_TOKEN. `user`: signed in with a browser."),
    key_id: z.string().nullable().describe("Null for the token in HEADGATE_ADMIN_TOKEN, and for a user."),
    key_name: z.string().nullable(),
    scopes: z.array(z.enum(scopes)).describe("Of the token; empty for a user."),
    user_id: z.string().nullable().describe("Null for what belongs to no user."),
    name: z.string(),
    role: z.enum(roles),
    permissions: z
      .partialRecord(z.enum(actions), z.enum(["all", "groups", "own"]))
      .describe("What the role allows, and how far it reaches; what is not there is not allowed."),
    session_id: z.string().nullable(),
    csrf_token: z.string().nullable().describe("To be sent as `x-csrf-token` with every change; null without a session."),
  })
  .meta({ id: "Whoami" });

export type SystemView = z.output<typeof systemView>;
/** What a running Headgate knows of itself, without asking the database. */
export type SystemState = Omit<SystemView, "backup">;
