// Where a call would go, and why, on the wire.
import { z } from "zod";
import { strategies } from "../domain/pool.ts";
import { durationField } from "./checked-text.ts";
import { limitsView } from "./limits.ts";
import { healthView } from "./models.ts";
import { timeText } from "./time.ts";

const wishes = z.strictObject({
  "x-headgate-session": z.string().optional(),
  "x-headgate-no-fallback": z.enum(["true", "1", "false", "0"]).optional(),
  "x-headgate-timeout": durationField((ms) => (ms > 0 ? null : "must be more than 0")).optional(),
});

export const explainBody = z
  .strictObject({
    model: z.string().min(1).describe("The name that callers use."),
    key_id: z.string().nullish().describe("Whose call it is. Default: a caller who may use every model."),
    user_id: z.string().nullish().describe("In place of `key_id`: a call with the user's own token."),
    path: z.string().nullish().describe("Of the call, a POST. Default: /v1/chat/completions."),
    body: z
      .union([z.string(), z.record(z.string(), z.unknown())], { error: "must be an object or a text" })
      .nullish()
      .describe(
        "Of the call. `affinity` looks at its `user`, `metadata.user_id`, `prompt_cache_key` and how its prompt begins; a text is taken byte for byte, an object with `model` added where it has none.",
      ),
    headers: wishes.nullish().describe("What the caller may ask for with its call."),
  })
  .superRefine(({ key_id, user_id }, context) => {
    if (!key_id || !user_id) return;
    context.addIssue({ code: "custom", path: ["user_id"], message: "must not be given beside `key_id`: a key has its own user" });
  });

const timeouts = z.object({ connect: z.string(), first_byte: z.string(), idle: z.string(), total: z.string() });

const candidateView = z
  .object({
    deployment: z.string().describe("Its id."),
    endpoint: z.string(),
    endpoint_id: z.string(),
    upstream_model: z.string(),
    status: z.enum(["active", "offline", "disabled"]),
    reason: z.string().nullable(),
    since: timeText,
    weight: z.number().int(),
    priority: z.number().int(),
    health: healthView,
    timeouts: timeouts.describe("The endpoint's with the model's own, for this call."),
    eligible: z.boolean().describe("It is among those that the first attempt may be given to now."),
    why: z.string().describe("Why it is, or is not."),
    score: z
      .number()
      .nullable()
      .describe(
        "What the strategy compares. `balanced`: its cost, (expected ms + 5) × attempts in flight per weight, with a floor for few; lower is better. `weighted`: its part of the weights. `priority`: its place; 1 is first. `affinity`: its distance from the session, lower is nearer; without a session as `balanced`. Null: it is not compared now.",
      ),
    share: z.number().describe("The chance of the first attempt now, from 0 to 1."),
    order: z
      .number()
      .int()
      .nullable()
      .describe("Which attempt would be its own if all before failed, 1 first; where chance decides, the likeliest. Null: none."),
  })
  .meta({ id: "Candidate" });

const decisionView = z.object({
  outcome: z
    .enum(["attempt", "elsewhere", "error"])
    .describe(
      "`attempt`: `deployment` is called. `elsewhere`: the call itself names an endpoint or a response, and goes there. `error`: nobody is called.",
    ),
  deployment: z.string().nullable().describe("The one that is called; where chance decides, the likeliest."),
  endpoint: z.string().nullable(),
  upstream_model: z.string().nullable(),
  share: z.number().nullable().describe("How likely that is, from 0 to 1."),
  why: z.string(),
  error: z
    .object({
      status: z.number().int(),
      code: z.string(),
      message: z.string(),
      retry_after: z.number().nullable().describe("In s."),
    })
    .nullable()
    .describe("What the caller would get."),
});

const leftView = limitsView
  .omit({ budget_period: true, budget_timezone: true, budget_unpriced: true })
  .meta({ id: "LimitsLeft" })
  .describe("What is left of each that is set, now.");

export const explanationView = z
  .object({
    model: z.string(),
    kind: z.enum(["pool", "virtual"]).nullable().describe("Null, like all about its routing: there is no such model."),
    strategy: z.enum(strategies).nullable(),
    access: z
      .object({ allowed: z.boolean(), why: z.string() })
      .describe("Whether the caller may use the model, by which entries of its key and group."),
    session: z.string().nullable().describe("What keeps the call with others under `affinity`."),
    max_attempts: z.number().int().nullable().describe("Attempts that this call may have, over the targets that are active."),
    call_timeout: z.string().nullable().describe("When the call is over, whatever its attempts do."),
    candidates: z
      .array(candidateView)
      .describe("All targets of the model, in their order, as they are now: also when this caller would be refused."),
    retries: z
      .object({
        left: z.number().int().describe("How many more the model's budget allows now, in windows of 10 s."),
        on_timeout: z.boolean().describe("Timeouts are tried again elsewhere too: on paths that only compute an answer."),
      })
      .nullable(),
    hedge: z
      .object({
        delay: z.string().nullable().describe("How long after the first attempt a second would start; null: none would."),
        left: z.number().int().describe("How many more the model's share allows now, in windows of 60 s."),
        why: z.string(),
      })
      .nullable(),
    limits: z
      .array(limitsView.extend({ owner: z.enum(["key", "user", "group", "model"]), id: z.string(), left: leftView }))
      .describe("The limits that this call is held to, all of them. Empty: there are none."),
    decision: decisionView,
  })
  .meta({ id: "Explanation" });

export type ExplainBody = z.output<typeof explainBody>;
export type CandidateBody = z.output<typeof candidateView>;
export type DecisionBody = z.output<typeof decisionView>;
export type ExplanationBody = z.output<typeof explanationView>;
