// Synchronisations on the wire.
import { z } from "zod";
import { timeText } from "./time.ts";

const count = z.number().int();

/** A run without its list of models, as `last_sync` of an endpoint shows it. */
export const syncRunSummary = z
  .object({
    id: z.string(),
    trigger: z.string().describe("What started it: create, update, manual, schedule, seed, restore …"),
    status: z.enum(["ok", "failed", "guarded"]),
    stage: z.string().describe("How far it came: dns, connect, tls, auth, http, parse, empty, done."),
    error: z.string().nullable(),
    counts: z.object({
      added: count,
      returned: count,
      offline: count,
      conflict: count,
      skipped: count,
      unchanged: count,
    }),
    started_at: timeText,
    finished_at: timeText,
  })
  .meta({ id: "SyncRunSummary" });

/** A run that has not ended. */
export const syncInProgress = z
  .object({
    trigger: z.string(),
    started_at: timeText,
    stage: z
      .enum(["listing", "writing", "publishing"])
      .describe("`listing`: asking the provider; `writing`: into the database; `publishing`: to the calls."),
  })
  .meta({ id: "SyncInProgress" });

export const syncRunView = syncRunSummary
  .extend({
    models: z
      .array(z.object({ id: z.string(), outcome: z.string(), detail: z.string().nullable() }))
      .describe("What became of each model of the listing and of each known one."),
  })
  .meta({ id: "SyncRun" });

const flag = z.enum(["true", "false"]).default("false");

export const synchronizeQuery = z.strictObject({
  dry_run: flag.describe("Say what would happen, change nothing, record nothing."),
  confirm: flag.describe("Take models offline even where the loss looks too great to be meant."),
});

export type SyncRunBody = z.output<typeof syncRunView>;
export type SyncRunSummaryBody = z.output<typeof syncRunSummary>;
