// Models and their deployments on the wire.
import { z } from "zod";
import { checkModelName } from "../domain/endpoint-fields.ts";
import { checkedText } from "./checked-text.ts";
import { timeText } from "./time.ts";

const status = z.enum(["active", "offline", "disabled"]);
const modelName = checkedText(checkModelName);

/** A static model: one that the provider does not list. */
export const addModelBody = z.strictObject({
  model: modelName.describe("The provider's id."),
  alias: modelName.nullish().describe("Public name. Default: the endpoint's alias for it, else the id."),
});

export const patchModelBody = z.strictObject({
  status: z
    .enum(["active", "disabled"])
    .optional()
    .describe("`disabled` takes it from all callers until `active` brings it back."),
});

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
    health: z.enum(["unknown", "healthy", "unhealthy"]),
    source: z.enum(["discovered", "static"]),
  })
  .meta({ id: "Deployment" });

export const modelView = z
  .object({
    id: z.string(),
    name: z.string().describe("What callers use."),
    kind: z.enum(["pool", "virtual"]),
    strategy: z.string(),
    status: status.describe("`active`: some deployment is. `disabled`: all are. `offline`: anything else."),
    deployments: z.array(deploymentView),
    created_at: timeText,
    updated_at: timeText,
  })
  .meta({ id: "Model" });

export type DeploymentBody = z.output<typeof deploymentView>;
export type ModelBody = z.output<typeof modelView>;
