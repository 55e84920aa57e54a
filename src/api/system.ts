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
    prices: z
      .object({
        name: z.string(),
        version: z.string(),
        date: z.iso.date().describe("When this version was published."),
        unpriced_models: z.number().int().describe("Models of which some deployment has no price."),
      })
      .describe("The catalogue that prices come from."),
    warnings: z.array(z.string()).describe("What is odd about the configuration, as the log said at the start."),
    redis: z
      .object({
        status: z.enum(["ok", "away"]),
        since: timeText.nullable(),
        latency_ms: z.number().nullable().describe("Of the last answer."),
        detail: z.string().nullable(),
      })
      .nullable()
      .describe("Null where none is configured."),
    allowances: z
      .object({
        authority: z
          .enum(["memory", "redis"])
          .describe("Where limits and budgets are counted: here alone, or by all replicas together."),
        degraded_since: timeText.nullable().describe("Null: it is not."),
      })
      .describe("Who decides what is left of limits and budgets."),
    replicas: z
      .array(
        z.object({
          id: z.string(),
          host: z.string(),
          version: z.string(),
          started_at: timeText,
          seen_at: timeText.describe("Its last sign."),
          is_self: z.boolean().describe("The one that answers."),
          is_gone: z.boolean().describe("No sign for ten seconds; it is forgotten after a day."),
          config_version: z.number().int().describe("Of the configuration that it serves from."),
          spool_backlog_bytes: z.number().int(),
          holds: z.array(z.string()).describe("The scheduled work that it does for all."),
          allowances: z.enum(["ok", "degraded"]),
        }),
      )
      .describe("The processes on this database, by start; only one with SQLite."),
    processes: z
      .array(
        z.object({
          name: z.string().describe("As in the log and in metrics."),
          role: z.enum(["all", "control", "worker"]).describe("`all`: there is one process."),
          pid: z.number().int(),
          started_at: timeText,
          calls_in_flight: z.number().int().nullable().describe("Null: it serves none."),
          config_version: z.number().int().nullable().describe("Of the configuration that it works from; null: none yet."),
        }),
      )
      .describe("The processes of this Headgate. A worker that is not connected at the moment is missing."),
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
