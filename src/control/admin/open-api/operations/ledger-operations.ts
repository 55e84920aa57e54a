// What was called and what was changed in the OpenAPI document: overview, usage, requests, audit, exports.
import type { z } from "zod";
import type { AuditEntryBody } from "../../../../api/audit.ts";
import type { createExportBody, ExportBody } from "../../../../api/exports.ts";
import type { OverviewBody, OverviewFigures } from "../../../../api/overview.ts";
import type { RequestBodiesBody } from "../../../../api/request-bodies.ts";
import type { RequestBody } from "../../../../api/requests.ts";
import type { UsageRowBody } from "../../../../api/usage.ts";
import type { OperationDocs } from "../operation-doc.ts";
import { exampleIds, exampleTimes } from "./example-ids.ts";
import { openAiPrice } from "./price-operations.ts";

const tokens = { input_tokens: 812, cached_input_tokens: 1024, cache_write_tokens: 0, output_tokens: 240, reasoning_tokens: 64 };

const called: RequestBody = {
  id: exampleIds.request,
  started_at: exampleTimes.changed,
  duration_ms: 2310,
  ttft_ms: 402,
  status: 200,
  error: null,
  state: "settled",
  model: "prod-gpt-4o",
  endpoint: "openai",
  key: exampleIds.key,
  key_name: "ci",
  user: exampleIds.user,
  user_name: "Ada",
  group: exampleIds.group,
  group_name: "chemistry",
  method: "POST",
  path: "/v1/chat/completions",
  stream: true,
  tokens,
  usage_source: "measured",
  cost_usd: 0.00571,
  bodies_kept: false,
  attempts: [
    {
      id: exampleIds.attempt,
      deployment: exampleIds.deployment,
      endpoint: "openai",
      upstream_model: "gpt-4o",
      why: "it is the only one",
      started_at: exampleTimes.changed,
      status: 200,
      error: null,
      ttft_ms: 402,
      duration_ms: 2305,
      state: "settled",
      tokens,
      usage_source: "measured",
      cost_usd: 0.00571,
      adjustments: [],
      cost: 0.00571,
    },
  ],
};

const explained: RequestBody = {
  ...called,
  attempts: called.attempts.map((attempt) => ({
    ...attempt,
    price: openAiPrice,
    cost_parts: [
      { kind: "input", tokens: 812, usd_per_million: 2.5, usd: 0.00203 },
      { kind: "cached_input", tokens: 1024, usd_per_million: 1.25, usd: 0.00128 },
      { kind: "output", tokens: 176, usd_per_million: 10, usd: 0.00176 },
      { kind: "reasoning", tokens: 64, usd_per_million: 10, usd: 0.00064 },
    ],
  })),
};

const figures: OverviewFigures = {
  requests: 18240,
  errors: 37,
  input_tokens: 14811000,
  cached_input_tokens: 6502000,
  output_tokens: 4378000,
  cost_usd: null,
  estimated_requests: 112,
  p50_ms: 1280,
  p95_ms: 7680,
  ttft_p50_ms: 352,
  ttft_p95_ms: 1408,
};

const nothing: OverviewFigures = {
  requests: 0,
  errors: 0,
  input_tokens: 0,
  cached_input_tokens: 0,
  output_tokens: 0,
  cost_usd: null,
  estimated_requests: 0,
  p50_ms: null,
  p95_ms: null,
  ttft_p50_ms: null,
  ttft_p95_ms: null,
};

const period = { from: "2026-11-20T10:00:00.000Z", to: "2026-11-20T12:00:00.000Z" };

const overview: OverviewBody = {
  ...period,
  bucket: "hour",
  totals: figures,
  previous: { ...figures, requests: 17011 },
  series: [
    { bucket: "2026-11-20T10:00:00.000Z", ...figures },
    { bucket: "2026-11-20T11:00:00.000Z", ...nothing },
  ],
  unhealthy: [
    {
      kind: "deployment",
      id: exampleIds.secondDeployment,
      name: "vllm meta-llama/Llama-3.3-70B-Instruct",
      status: "benched",
      cause: "5 failures in a row",
      since: exampleTimes.changed,
    },
  ],
};

const usageRow: UsageRowBody = {
  bucket: "2026-11-20T00:00:00.000Z",
  model: "prod-gpt-4o",
  key: exampleIds.key,
  key_name: "ci",
  requests: 1280,
  errors: 3,
  ...tokens,
  cost_usd: null,
  estimated_requests: 4,
  unpriced_requests: 1280,
  interrupted_requests: 1,
};

const auditEntry: AuditEntryBody = {
  id: exampleIds.auditEntry,
  at: exampleTimes.changed,
  actor: { kind: "user", id: exampleIds.user, name: "Grace" },
  address: "192.0.2.17",
  request_id: exampleIds.request,
  action: "endpoint.update",
  resource: { kind: "endpoint", id: exampleIds.endpoint, name: "openai" },
  before: { api_key: "[secret]", weight: 1 },
  after: { api_key: "[secret]", weight: 3 },
};

const exported: ExportBody = {
  id: exampleIds.export,
  kind: "requests",
  format: "csv",
  query: { model: "prod-gpt-4o", from: "2026-11-01T00:00:00.000Z", to: exampleTimes.now },
  status: "running",
  rows: 42000,
  progress: 0.35,
  bytes: 7340032,
  error: null,
  created_at: exampleTimes.now,
  finished_at: null,
  expires_at: null,
  created_by: { kind: "user", id: exampleIds.user, name: "Ada" },
};

const finished: ExportBody = {
  ...exported,
  status: "done",
  rows: 120000,
  progress: 1,
  bytes: 20971520,
  finished_at: "2026-11-21T10:30:41.007Z",
  expires_at: "2026-11-22T10:30:41.007Z",
};

const kept = { content_type: "application/json", bytes: 71, truncated: false };

const bodies: RequestBodiesBody = {
  request: { ...kept, text: '{"model":"prod-gpt-4o","messages":[{"role":"user","content":"I am [email]"}]}' },
  response: { ...kept, text: '{"choices":[{"message":{"role":"assistant","content":"Hello!"}}]}' },
  redacted: ["emails"],
  expires_at: exampleTimes.soon,
};

const usageFilters = { from: "2026-11-01", to: "2026-12-01", group_by: "model,key", bucket: "day", model: "prod-gpt-4o" };

export const ledgerOperations: OperationDocs = {
  "GET /overview": {
    id: "getOverview",
    description: "Of what the role reaches: a member sees their own. At most 400 buckets.",
    query: { from: "2026-11-20T10:00:00Z", to: "2026-11-20T12:00:00Z" },
    answer: { overview },
  },
  "GET /usage": {
    id: "getUsage",
    description: "A call is in it a second or two after its end. Whole hours around what is asked for.",
    query: usageFilters,
    answer: { report: { data: [usageRow], next_cursor: null, ...period } },
  },
  "GET /usage/export": {
    id: "exportUsage",
    description: "The same rows as a file.",
    query: { ...usageFilters, format: "csv" },
    files: {
      "text/csv": "bucket,model,requests,errors\r\n2026-11-20T00:00:00.000Z,prod-gpt-4o,1280,3\r\n",
      "application/json": JSON.stringify([usageRow]),
    },
  },
  "GET /requests": {
    id: "listRequests",
    description: "Newest first. Kept for the time under `retention.requests`; the hourly sums of `GET /usage` stay.",
    query: { model: "prod-gpt-4o", status: "error", from: "2026-11-20" },
    answer: { page: { data: [called], next_cursor: null } },
  },
  "GET /requests/:id": {
    id: "getRequest",
    description: "The id is the `x-request-id` that the caller got.",
    answer: { request: explained },
  },
  "GET /requests/:id/bodies": {
    id: "getRequestBodies",
    description:
      "Kept only where the key or the group that pays says so. Reading those of others leaves an entry in the audit log.",
    answer: { bodies },
  },
  "DELETE /requests/:id/bodies": {
    id: "deleteRequestBodies",
    description: "Before their time. The request itself stays in the ledger.",
  },
  "GET /audit": {
    id: "listAudit",
    description: "Newest first. Of what was changed alone, without secrets.",
    query: { action: "endpoint", resource_id: exampleIds.endpoint, from: "2026-11-01" },
    answer: { page: { data: [auditEntry], next_cursor: null } },
  },
  "GET /audit/export": {
    id: "exportAudit",
    description: "The same entries as a file, all of them.",
    query: { format: "csv", from: "2026-11-01" },
    files: {
      "text/csv":
        "at,actor_kind,actor_id,actor_name,action\r\n2026-11-20T16:02:55.980Z,user,usr_01a1f3d0b8f27a6c95e1c4d7b30a9f28,Grace,endpoint.update\r\n",
      "application/json": JSON.stringify([auditEntry]),
    },
  },
  "POST /exports": {
    id: "createExport",
    description: "Answered at once; `GET /exports/{id}` says how far it has come. `query` takes the filters of the list.",
    body: {
      requests: { kind: "requests", format: "csv", query: { model: "prod-gpt-4o", from: "2026-11-01" } } satisfies z.input<
        typeof createExportBody
      >,
      audit: { kind: "audit", format: "json" } satisfies z.input<typeof createExportBody>,
    },
    answer: { export: { ...exported, status: "waiting", rows: 0, progress: null, bytes: 0 } },
  },
  "GET /exports": {
    id: "listExports",
    description: "Those whose file is gone are not among them.",
    answer: { page: { data: [exported, finished], next_cursor: null } },
  },
  "GET /exports/:id": {
    id: "getExport",
    description: "`progress` goes from 0 to 1.",
    answer: { running: exported, done: finished },
  },
  "GET /exports/:id/file": {
    id: "getExportFile",
    description: "404 until it is `done`, and after `expires_at`.",
    files: {
      "text/csv":
        "id,started_at,model,status\r\nreq_01a1f40b7d3e7c62a9b5e8f1c4d07a36,2026-11-20T16:02:55.980Z,prod-gpt-4o,200\r\n",
      "application/json": JSON.stringify([called]),
    },
  },
  "DELETE /exports/:id": { id: "deleteExport", description: "What was written of it goes too." },
};
