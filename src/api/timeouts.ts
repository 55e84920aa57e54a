// The named waits of a call on the wire; those left out come from the next wider place.
import { z } from "zod";
import { checkTimeoutMs } from "../domain/endpoint-fields.ts";
import { durationField } from "./checked-text.ts";

const timeout = durationField(checkTimeoutMs).nullish();

/** Those that are to be set, in ms; null takes one back. */
export const timeoutsField = z.strictObject({ connect: timeout, first_byte: timeout, idle: timeout, total: timeout });

/** Those that are set. */
export const timeoutsView = z.object({
  connect: z.string().optional(),
  first_byte: z.string().optional(),
  idle: z.string().optional(),
  total: z.string().optional(),
});

export type GivenTimeouts = z.output<typeof timeoutsField>;
export type TimeoutsBody = z.output<typeof timeoutsView>;
