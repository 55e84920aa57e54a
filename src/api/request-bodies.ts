// What a request's caller sent and was answered, on the wire.
import { z } from "zod";
import { timeText } from "./time.ts";

const keptBody = z
  .object({
    content_type: z.string().nullable().describe("The media type, without parameters; null: not said."),
    text: z.string().nullable().describe("With placeholders for what was taken out; null: bytes that are no text."),
    bytes: z.number().int().describe("Of the whole body, as it was sent."),
    truncated: z.boolean().describe("True: `text` is the beginning alone."),
  })
  .meta({ id: "KeptBody" });

export const requestBodiesView = z
  .object({
    request: keptBody.nullable().describe("Null: there was none."),
    response: keptBody.nullable().describe("Null: there was none."),
    redacted: z
      .array(z.string())
      .describe("Of what something was taken out: `credentials`, `emails`, `phone_numbers`, `card_numbers`, `content`."),
    expires_at: timeText.describe("When they are removed."),
  })
  .meta({ id: "RequestBodies" });

export type RequestBodiesBody = z.output<typeof requestBodiesView>;
export type KeptBody = z.output<typeof keptBody>;
