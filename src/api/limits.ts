// What a key, a user, a group or a model is held to, on the wire.
import { z } from "zod";

const rate = z.number().int().min(1).max(1_000_000).nullish();

/** Those that are to be set; null takes one back. */
export const limitsField = z.strictObject({
  requests_per_second: rate.describe("At most so many in any second."),
  requests_per_minute: rate.describe("At most so many in any 60 seconds."),
});

/** Names of the contract that this version does not hold anybody to: taking them would look as if it did. */
export const limitsNotEnforced: readonly string[] = [
  "tokens_per_minute",
  "concurrent_requests",
  "budget_usd",
  "budget_period",
  "budget_timezone",
  "budget_unpriced",
];

/** Those that are set. */
export const limitsView = z
  .object({ requests_per_second: z.number().int().optional(), requests_per_minute: z.number().int().optional() })
  .meta({ id: "Limits" });

export type GivenLimits = z.output<typeof limitsField>;
export type LimitsBody = z.output<typeof limitsView>;
