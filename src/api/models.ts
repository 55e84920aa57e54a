// Models and their deployments on the wire.
import { z } from "zod";
import { checkModelName } from "../domain/endpoint-fields.ts";
import { strategies } from "../domain/pool.ts";
import { checkedText, durationField } from "./checked-text.ts";
import { limitsField, limitsView } from "./limits.ts";
import { listQuery, searchField } from "./list.ts";
import { groupNames } from "./name-lists.ts";
import { timeText } from "./time.ts";
import { timeoutsField, timeoutsView } from "./timeouts.ts";

const status = z.enum(["active", "offline", "disabled"]);
const modelName = checkedText(checkModelName);
const targetsMax = 100;

/** A static model: one that the provider does not list. */
export const addModelBody = z.strictObject({
  model: modelName.describe("The provider's id."),
  alias: modelName.nullish().describe("Public name. Default: the endpoint's alias for it, else the id."),
});

const target = z
  .strictObject({
    deployment_id: z.string().optional(),
    endpoint: z.string().optional().describe("Name of an endpoint, with `model` in place of `deployment_id`."),
    model: z.string().optional().describe("The provider's id of a model of `endpoint`."),
    weight: z
      .number()
      .int()
      .min(0)
      .max(1000)
      .nullish()
      .describe(
        "Share of the calls, relative to the others of its priority; 0: only when no other can take them. Default: 1; in a pool the endpoint's.",
      ),
    priority: z.number().int().min(0).max(1000).nullish().describe("Lower first. Default 0."),
  })
  .superRefine(({ deployment_id, endpoint, model }, context) => {
    const needed = "names a deployment by `deployment_id`, or by `endpoint` and `model`";
    const wrong = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
    if (deployment_id === undefined && endpoint === undefined && model === undefined) wrong("deployment_id", needed);
    else if (deployment_id !== undefined && endpoint !== undefined) wrong("endpoint", needed);
    else if (deployment_id !== undefined && model !== undefined) wrong("model", needed);
    else if (deployment_id === undefined && endpoint === undefined) wrong("endpoint", "is required beside `model`");
    else if (deployment_id === undefined && model === undefined) wrong("model", "is required beside `endpoint`");
  });

const targets = z.array(target).max(targetsMax, { error: `must be at most ${targetsMax} targets` });

const hedge = z.strictObject({
  extra_traffic: z
    .number()
    .min(0.001)
    .max(1)
    .nullish()
    .describe("How many of the model's calls may get a second attempt, as a fraction. Default 0.05."),
  min_delay: durationField((ms) => (ms <= 60_000 ? null : "must be at most 60s"))
    .nullish()
    .describe("Never earlier than this after the first attempt. Default 50ms."),
});

const settings = {
  strategy: z.enum(strategies).nullish().describe("How its targets share calls. Default: balanced."),
  max_attempts: z
    .number()
    .int()
    .min(1)
    .max(10)
    .nullish()
    .describe("Attempts of one call. Default: every target once, at most 4."),
  hedge: hedge.nullish().describe("A second attempt elsewhere when the first is slow to begin; `{}`: with the defaults."),
  timeouts: timeoutsField.nullish().describe("Those set here take the place of the endpoint's."),
  groups: groupNames
    .nullish()
    .describe(
      "Names, ids or external ids of groups: only their members may use it, of those whose groups grant it. Null: all of those.",
    ),
  limits: limitsField.nullish().describe("Of all callers together."),
};

/** A virtual model: a name over deployments that it lists itself. */
export const createModelBody = z.strictObject({
  name: modelName.describe("What callers use."),
  ...settings,
  targets: targets.min(1, { error: "must have at least one target" }),
});

/** A merge patch (RFC 7396). */
export const patchModelBody = z.strictObject({
  name: modelName.optional().describe("Virtual models only: a pool's name is that of its deployments."),
  status: z
    .enum(["active", "disabled"])
    .optional()
    .describe("`disabled` takes it from all callers until `active` brings it back."),
  ...settings,
  targets: targets
    .nullish()
    .describe(
      "Of a virtual model: the new list. Of a pool: weights and priorities of these deployments, the others have the default.",
    ),
});

export const modelsQuery = listQuery.extend({
  search: searchField("the name that callers use"),
  endpoint: z.string().min(1).optional().describe("Name of an endpoint that serves it."),
  status: status.optional(),
  kind: z.enum(["pool", "virtual"]).optional(),
  usable: z
    .enum(["true"])
    .optional()
    .describe("Only those that one may use oneself, as a catalogue shows them; without it, roles that see all models get all."),
});

export const healthView = z
  .object({
    status: z
      .enum(["unknown", "healthy", "benched", "trial", "resting"])
      .describe(
        "`benched`: taken out after failures. `trial`: one call at a time tries whether it works again. `resting`: its provider asked for a pause. `unknown`: nothing was seen yet.",
      ),
    cause: z.string().nullable(),
    since: timeText.nullable(),
    until: timeText.nullable(),
    latency_ms: z.number().nullable().describe("Time to the first byte, lately."),
    in_flight: z.number().int(),
    failure_ratio: z.number().nullable().describe("Of the last 30 s, from 0 to 1."),
  })
  .meta({ id: "Health" });

const deploymentView = z
  .object({
    id: z.string(),
    endpoint: z.string(),
    endpoint_id: z.string(),
    upstream_model: z.string(),
    status,
    reason: z.string().nullable(),
    since: timeText,
    weight: z.number().int(),
    priority: z.number().int(),
    health: healthView,
    source: z.enum(["discovered", "static", "manifest"]),
  })
  .meta({ id: "Deployment" });

export const modelView = z
  .object({
    id: z.string(),
    name: z.string().describe("What callers use."),
    kind: z.enum(["pool", "virtual"]).describe("A pool has the deployments of its name; a virtual model lists its own."),
    strategy: z.enum(strategies),
    max_attempts: z.number().int().nullable().describe("Null: every target once, at most 4."),
    hedge: z.object({ extra_traffic: z.number(), min_delay: z.string() }).nullable().describe("Null: no hedging."),
    timeouts: timeoutsView.describe("Those that are set."),
    groups: z.array(z.string()).nullable().describe("Whose members may use it; null: all who are granted its name."),
    limits: limitsView,
    status: status.describe(
      "`active`: some deployment is. `disabled`: all are, or the virtual model itself. `offline`: anything else.",
    ),
    deployments: z.array(deploymentView).describe("Of a virtual model: its targets, in their order."),
    created_at: timeText,
    updated_at: timeText,
  })
  .meta({ id: "Model" });

/** What those see of a model who may use it and whose role shows nothing behind it. */
export const catalogueModelView = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: z.enum(["pool", "virtual"]),
    limits: limitsView.describe("Of all callers together."),
    status: z.enum(["active", "offline"]).describe("`offline`: no endpoint serves it now."),
  })
  .meta({ id: "CatalogueModel" });

/** What is sent: all of a model where the role shows what stands behind it. */
export const readModelView = z.union([modelView, catalogueModelView]);

export type CatalogueModelBody = z.output<typeof catalogueModelView>;
export type GivenTarget = z.output<typeof target>;
export type CreateModel = z.output<typeof createModelBody>;
export type ModelPatch = z.output<typeof patchModelBody>;
export type HealthBody = z.output<typeof healthView>;
export type DeploymentBody = z.output<typeof deploymentView>;
export type ModelBody = z.output<typeof modelView>;
