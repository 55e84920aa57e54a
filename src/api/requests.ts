// Requests and their attempts on the wire.
import { z } from "zod";
import { listQuery } from "./list.ts";
import { priceView } from "./prices.ts";
import { timeOrDateField, timeText } from "./time.ts";

export const requestsQuery = listQuery.extend({
  model: z.string().min(1).optional().describe("Public name."),
  endpoint: z.string().min(1).optional().describe("Name of the endpoint that answered last."),
  key: z.string().min(1).optional().describe("Id of the key."),
  user: z.string().min(1).optional().describe("Id of the user who called."),
  group: z.string().min(1).optional().describe("Id of the group that pays."),
  search: z.string().max(200).optional().describe("The whole `x-request-id` of a request."),
  status: z.enum(["ok", "error"]).optional(),
  from: timeOrDateField.optional(),
  to: timeOrDateField.optional(),
});

const tokens = z.object({
  input_tokens: z.number().int().describe("Without cached ones."),
  cached_input_tokens: z.number().int(),
  cache_write_tokens: z.number().int(),
  output_tokens: z.number().int().describe("With reasoning."),
  reasoning_tokens: z.number().int(),
});

const state = z.enum(["in_progress", "settled", "interrupted"]);
const usageSource = z.enum(["measured", "estimated"]);

const costKinds = [
  "input",
  "cached_input",
  "cache_write",
  "cache_write_1h",
  "output",
  "reasoning",
  "input_audio",
  "cached_audio",
  "output_audio",
] as const;

const endpointName = z.string().nullable().describe("Null to those whose role does not show endpoints.");

const attemptView = z
  .object({
    id: z.string(),
    deployment: z.string().nullable(),
    endpoint: endpointName,
    upstream_model: z.string().nullable().describe("Null as `endpoint` is."),
    why: z.string(),
    started_at: timeText,
    status: z.number().int().nullable(),
    error: z.string().nullable(),
    ttft_ms: z.number().nullable(),
    duration_ms: z.number().nullable(),
    state,
    tokens,
    usage_source: usageSource,
    cost_usd: z.number().nullable().describe("With all adjustments; null: no price."),
    adjustments: z
      .array(
        z.object({
          at: timeText,
          usd: z.number().describe("Added to what the attempt cost; negative: it cost less."),
          price_version: z.string().nullable(),
          reason: z.string(),
        }),
      )
      .describe("Corrections of its cost, oldest first."),
    price: priceView
      .nullable()
      .optional()
      .describe("What held when the attempt began; null: it had no price. Only in `GET /requests/{id}`."),
    cost_parts: z
      .array(
        z.object({
          kind: z.enum(costKinds),
          tokens: z.number().int(),
          usd_per_million: z.number(),
          usd: z.number(),
        }),
      )
      .optional()
      .describe(
        "What the tokens of each class cost; with `price.request_usd` and the adjustments it is `cost_usd`, rounded once to the nano-dollar. Only in `GET /requests/{id}`.",
      ),
    cost: z.number().nullable().describe("The same figure as `cost_usd`."),
  })
  .meta({ id: "Attempt" });

export const requestView = z
  .object({
    id: z.string().describe("The `x-request-id` that the caller got."),
    started_at: timeText,
    duration_ms: z.number().nullable(),
    ttft_ms: z.number().nullable(),
    status: z.number().int().nullable(),
    error: z.string().nullable(),
    state,
    model: z.string().nullable().describe("Null for passthrough calls without a model."),
    endpoint: endpointName,
    key: z.string().nullable(),
    key_name: z.string().nullable(),
    user: z.string().nullable(),
    user_name: z.string().nullable(),
    group: z.string(),
    group_name: z.string().nullable(),
    method: z.string(),
    path: z.string(),
    stream: z.boolean(),
    tokens: tokens.describe("Of all attempts."),
    usage_source: usageSource,
    cost_usd: z.number().nullable(),
    bodies_kept: z.boolean().describe("Whether `/requests/{id}/bodies` has something, for those who may read it."),
    attempts: z.array(attemptView),
  })
  .meta({ id: "Request" });

export type AttemptBody = z.output<typeof attemptView>;
export type RequestBody = z.output<typeof requestView>;
