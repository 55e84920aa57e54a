// Whether bodies of requests are kept, on the wire of keys and groups.
import { z } from "zod";
import { checkBodyRetentionMs, redactions } from "../domain/body-keeping.ts";
import { durationField } from "./checked-text.ts";

/** A merge patch; null switches them off. */
export const bodiesField = z
  .strictObject({
    retention: durationField(checkBodyRetentionMs).nullish().describe("How long they are kept, 1h to 90d. Default: 7d."),
    redact: z
      .array(z.enum(redactions))
      .max(20, { error: "must be at most 20 entries" })
      .nullish()
      .describe("What is taken out before they are stored, beside credentials, which always are."),
  })
  .describe("Keeps the bodies of requests and answers. Null, the default: they are not kept.");

export const bodiesView = z
  .object({ retention: z.string(), redact: z.array(z.enum(redactions)) })
  .meta({ id: "BodyKeeping" })
  .describe("Null: bodies are not kept.");

export type GivenBodyKeeping = z.output<typeof bodiesField>;
export type BodyKeepingBody = z.output<typeof bodiesView>;
