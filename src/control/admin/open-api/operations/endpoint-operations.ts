// Endpoints and synchronisations in the OpenAPI document.
import type { z } from "zod";
import type {
  createEndpointBody,
  DeletedEndpointBody,
  EndpointBody,
  patchEndpointBody,
  validateEndpointBody,
  validationView,
} from "../../../../api/endpoints.ts";
import type { addModelBody } from "../../../../api/models.ts";
import type { SyncRunBody, SyncRunSummaryBody } from "../../../../api/sync-runs.ts";
import type { OperationDocs } from "../operation-doc.ts";
import { exampleIds, exampleTimes } from "./example-ids.ts";
import { pool } from "./model-operations.ts";

const summary: SyncRunSummaryBody = {
  id: exampleIds.syncRun,
  trigger: "create",
  status: "ok",
  stage: "done",
  error: null,
  counts: { added: 2, returned: 0, offline: 0, conflict: 0, skipped: 0, unchanged: 0 },
  started_at: exampleTimes.made,
  finished_at: "2026-11-20T09:14:07.933Z",
};

const run: SyncRunBody = {
  ...summary,
  trigger: "manual",
  counts: { added: 1, returned: 0, offline: 1, conflict: 0, skipped: 0, unchanged: 1 },
  models: [
    { id: "gpt-4o", outcome: "unchanged", detail: null },
    { id: "gpt-4o-mini", outcome: "added", detail: null },
    { id: "gpt-4-0314", outcome: "offline", detail: "the provider does not list it any more" },
  ],
};

export const endpoint: EndpointBody = {
  id: exampleIds.endpoint,
  name: "openai",
  description: "The department's account",
  url: "https://api.openai.com",
  effective_url: "https://api.openai.com/v1",
  origin: "admin",
  manifest_id: null,
  manifest: null,
  dialect: "openai",
  auth_header_name: null,
  auth_header_prefix: null,
  headers: { "x-team": "research" },
  query: {},
  models: "all",
  aliases: { "gpt-4o": "prod-gpt-4o" },
  sync_interval: "1h",
  timeouts: { first_byte: "60s" },
  weight: 1,
  probe: { kind: "models", interval: "30s", timeout: "10s" },
  has_api_key: true,
  status: "active",
  model_counts: { active: 2, offline: 0, disabled: 0 },
  last_sync: summary,
  sync_in_progress: null,
  created_at: exampleTimes.made,
  updated_at: exampleTimes.made,
  version: 1,
};

const deleted: DeletedEndpointBody = {
  id: exampleIds.endpoint,
  name: "openai",
  deleted_at: "2026-11-20T16:02:55.980Z",
  expires_at: "2026-11-20T17:02:55.980Z",
  deployments: 2,
};

export const endpointOperations: OperationDocs = {
  "POST /endpoints": {
    id: "createEndpoint",
    description:
      "The provider is asked for its models before the answer comes, unless `sync` is false. A provider that can't be reached is no error: `last_sync` says how far it got. Names that collide are (409), with all conflicts at once; nothing is written then.",
    body: {
      all_models: {
        name: "openai",
        url: "https://api.openai.com",
        api_key: "sk-...",
        aliases: { "gpt-4o": "prod-gpt-4o" },
      } satisfies z.input<typeof createEndpointBody>,
      pinned: {
        name: "vllm",
        url: "http://10.0.0.7:8000",
        models: ["meta-llama/Llama-3.3-70B-Instruct"],
        sync_interval: "10m",
        timeouts: { first_byte: "2m" },
        probe: { kind: "completion" },
      } satisfies z.input<typeof createEndpointBody>,
    },
    answer: { endpoint },
  },
  "GET /endpoints": {
    id: "listEndpoints",
    description: "Those of manifests are among them; `manifest` names the one that declares each.",
    query: { search: "open" },
    answer: { page: { data: [endpoint], next_cursor: null } },
  },
  "GET /endpoints/:id": {
    id: "getEndpoint",
    description: "Its `etag` is what `if-match` takes with a change.",
    answer: { endpoint },
  },
  "PATCH /endpoints/:id": {
    id: "updateEndpoint",
    description:
      "What is left out stays, null takes away, objects merge, lists are replaced. Endpoints of manifests are changed in their manifest alone.",
    ifMatch: true,
    body: {
      new_credential: { api_key: "sk-..." } satisfies z.input<typeof patchEndpointBody>,
      settings: { description: null, headers: { "x-team": "research", "x-old": null }, weight: 3 } satisfies z.input<
        typeof patchEndpointBody
      >,
    },
    answer: { endpoint: { ...endpoint, updated_at: exampleTimes.changed, version: 2 } },
  },
  "DELETE /endpoints/:id": {
    id: "deleteEndpoint",
    description:
      "Calls in flight come to their end. What was recorded stays in the ledger. For an hour it can be undone: `POST /deleted-endpoints/{id}/restore`.",
    ifMatch: true,
  },
  "GET /deleted-endpoints": {
    id: "listDeletedEndpoints",
    description:
      "All in one page: at most 100 are kept, each for an hour. Endpoints that a manifest has dropped are not among them.",
    answer: { page: { data: [deleted], next_cursor: null } },
  },
  "POST /deleted-endpoints/:id/restore": {
    id: "restoreEndpoint",
    description:
      "It comes back as it was, under the same ids, with its credential, its models and their places in virtual models. A model whose name a virtual model has taken meanwhile stays away: the last synchronisation says so. 404 when there is nothing to restore any more, 409 when another endpoint has the name.",
    answer: { endpoint: { ...endpoint, updated_at: exampleTimes.changed, version: 2 } },
  },
  "POST /endpoints/validate": {
    id: "validateEndpoint",
    description:
      "Always 200: `ok` says whether models could be listed, `stage` how far the question got, `hint` what to do about it. With `endpoint_id` the stored credential is used; fields beside it are tried in place of the stored ones.",
    body: {
      new_connection: { url: "https://api.openai.com", api_key: "sk-..." } satisfies z.input<typeof validateEndpointBody>,
      registered: { endpoint_id: exampleIds.endpoint } satisfies z.input<typeof validateEndpointBody>,
    },
    answer: {
      works: {
        ok: true,
        stage: "done",
        code: "ok",
        message: "2 models are listed.",
        hint: null,
        latency_ms: 184,
        effective_url: "https://api.openai.com/v1",
        models: ["gpt-4o", "gpt-4o-mini"],
      } satisfies z.output<typeof validationView>,
      refused: {
        ok: false,
        stage: "auth",
        code: "unauthorized",
        message: "The provider refused the credential (401).",
        hint: "Check the API key.",
        latency_ms: 97,
        effective_url: null,
        models: [],
      } satisfies z.output<typeof validationView>,
    },
  },
  "POST /endpoints/:id/synchronize": {
    id: "synchronizeEndpoint",
    description:
      "A run that fails is still 200: `status` and `error` say why. `guarded` means that too many models would have gone offline, and nothing was changed; `confirm=true` does it all the same.",
    query: { dry_run: "true" },
    answer: { run },
  },
  "GET /endpoints/:id/sync-runs": {
    id: "listSyncRuns",
    description: "Kept for the time under `retention.sync_runs`.",
    answer: { page: { data: [run], next_cursor: null } },
  },
  "POST /endpoints/:id/models": {
    id: "addStaticModel",
    description: "Synchronisations leave it alone.",
    body: { with_alias: { model: "my-fine-tune", alias: "support-bot" } satisfies z.input<typeof addModelBody> },
    answer: { model: pool },
  },
};
