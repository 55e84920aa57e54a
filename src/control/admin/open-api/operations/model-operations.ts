// Models, and what would become of a call, in the OpenAPI document.
import type { z } from "zod";
import type { ExplanationBody, explainBody } from "../../../../api/explain.ts";
import type {
  CatalogueModelBody,
  createModelBody,
  DeploymentBody,
  HealthBody,
  ModelBody,
  patchModelBody,
} from "../../../../api/models.ts";
import type { OperationDocs } from "../operation-doc.ts";
import { exampleIds, exampleTimes } from "./example-ids.ts";

const health: HealthBody = {
  status: "healthy",
  cause: null,
  since: exampleTimes.made,
  until: null,
  latency_ms: 412,
  in_flight: 3,
  failure_ratio: 0,
};

const deployment: DeploymentBody = {
  id: exampleIds.deployment,
  endpoint: "openai",
  endpoint_id: exampleIds.endpoint,
  upstream_model: "gpt-4o",
  status: "active",
  reason: null,
  since: exampleTimes.made,
  weight: 1,
  priority: 0,
  health,
  source: "discovered",
};

export const pool: ModelBody = {
  id: exampleIds.model,
  name: "prod-gpt-4o",
  kind: "pool",
  strategy: "balanced",
  max_attempts: null,
  hedge: null,
  timeouts: {},
  groups: null,
  limits: {},
  status: "active",
  deployments: [deployment],
  created_at: exampleTimes.made,
  updated_at: exampleTimes.made,
};

const virtual: ModelBody = {
  ...pool,
  id: exampleIds.virtualModel,
  name: "smart",
  kind: "virtual",
  strategy: "priority",
  max_attempts: 3,
  hedge: { extra_traffic: 0.05, min_delay: "50ms" },
  timeouts: { first_byte: "20s" },
  groups: ["chemistry"],
  limits: { requests_per_minute: 600 },
  deployments: [
    deployment,
    {
      ...deployment,
      id: exampleIds.secondDeployment,
      endpoint: "vllm",
      endpoint_id: exampleIds.secondEndpoint,
      upstream_model: "meta-llama/Llama-3.3-70B-Instruct",
      priority: 1,
      health: { ...health, status: "benched", cause: "5 failures in a row", until: exampleTimes.now, failure_ratio: 1 },
    },
  ],
};

const catalogued: CatalogueModelBody = { id: exampleIds.model, name: "prod-gpt-4o", kind: "pool", limits: {}, status: "active" };

const { id: _id, source: _source, ...ofDeployment } = deployment;

const explanation: ExplanationBody = {
  model: "prod-gpt-4o",
  kind: "pool",
  strategy: "balanced",
  access: { allowed: true, why: "the key names no models, and the group everyone may use '*'" },
  session: null,
  max_attempts: 1,
  call_timeout: "10m",
  candidates: [
    {
      ...ofDeployment,
      deployment: exampleIds.deployment,
      timeouts: { connect: "5s", first_byte: "60s", idle: "60s", total: "10m" },
      eligible: true,
      why: "it is healthy",
      score: 1251,
      share: 1,
      order: 1,
    },
  ],
  retries: { left: 10, on_timeout: true },
  hedge: null,
  limits: [{ owner: "key", id: exampleIds.key, requests_per_minute: 60, left: { requests_per_minute: 57 } }],
  decision: {
    outcome: "attempt",
    deployment: exampleIds.deployment,
    endpoint: "openai",
    upstream_model: "gpt-4o",
    share: 1,
    why: "it is the only one",
    error: null,
  },
};

export const modelOperations: OperationDocs = {
  "POST /models": {
    id: "createModel",
    description: "Targets are named by the id of a deployment, or by endpoint and the provider's id of the model.",
    body: {
      fallback: {
        name: "smart",
        strategy: "priority",
        targets: [
          { endpoint: "openai", model: "gpt-4o", priority: 0 },
          { endpoint: "vllm", model: "meta-llama/Llama-3.3-70B-Instruct", priority: 1 },
        ],
        max_attempts: 3,
        hedge: {},
        groups: ["chemistry"],
        limits: { requests_per_minute: 600 },
      } satisfies z.input<typeof createModelBody>,
    },
    answer: { model: virtual },
  },
  "GET /models": {
    id: "listModels",
    description: "A member's list is the catalogue: names and limits of what they may use, nothing of what stands behind.",
    query: { search: "gpt", endpoint: "openai", status: "active", kind: "pool" },
    answer: {
      with_deployments: { data: [pool, virtual], next_cursor: null },
      catalogue: { data: [catalogued], next_cursor: null },
    },
  },
  "GET /models/:id": {
    id: "getModel",
    description: "By id; `GET /models?search=` finds it by its name.",
    answer: { with_deployments: virtual, catalogue: catalogued },
  },
  "PATCH /models/:id": {
    id: "updateModel",
    description: "`disabled` keeps all callers out; a synchronisation leaves it so.",
    ifMatch: true,
    body: {
      weights: { targets: [{ deployment_id: exampleIds.deployment, weight: 3 }] } satisfies z.input<typeof patchModelBody>,
      disabled: { status: "disabled" } satisfies z.input<typeof patchModelBody>,
    },
    answer: { model: { ...virtual, updated_at: exampleTimes.changed } },
  },
  "DELETE /models/:id": {
    id: "deleteModel",
    description: "`POST /endpoints/{id}/models` brings a pool's deployment back.",
    ifMatch: true,
  },
  "POST /explain": {
    id: "explainCall",
    description: "Nobody is called, nothing is counted: the answer is what the routing knows at this moment.",
    body: {
      of_a_key: { model: "prod-gpt-4o", key_id: exampleIds.key } satisfies z.input<typeof explainBody>,
      of_a_session: {
        model: "smart",
        user_id: exampleIds.user,
        path: "/v1/responses",
        body: { prompt_cache_key: "thread-17", input: "Hello" },
        headers: { "x-headgate-no-fallback": "true" },
      } satisfies z.input<typeof explainBody>,
    },
    answer: { explanation },
  },
};
