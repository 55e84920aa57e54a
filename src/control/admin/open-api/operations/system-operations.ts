// Manifests, the state of the installation, who asks, events and the playground in the OpenAPI document.
import type { z } from "zod";
import type { changeEvent } from "../../../../api/events.ts";
import type { createManifestBody, ManifestBody } from "../../../../api/manifests.ts";
import type { SystemView, whoamiView } from "../../../../api/system.ts";
import type { OperationDocs } from "../operation-doc.ts";
import { exampleIds, exampleTimes } from "./example-ids.ts";

type Whoami = z.output<typeof whoamiView>;

export const signedIn: Whoami = {
  kind: "user",
  key_id: null,
  key_name: null,
  scopes: [],
  user_id: exampleIds.user,
  name: "Ada",
  role: "member",
  permissions: { "models.read": "own", explain: "own", "keys.read": "own", "keys.write": "own", "usage.read": "own" },
  session_id: exampleIds.session,
  csrf_token: "…",
};

const token: Whoami = {
  ...signedIn,
  kind: "token",
  key_id: exampleIds.key,
  key_name: "automation",
  scopes: ["admin"],
  user_id: null,
  name: "automation",
  role: "administrator",
  permissions: { "endpoints.read": "all", "endpoints.write": "all", "system.read": "all" },
  session_id: null,
  csrf_token: null,
};

const manifest: ManifestBody = {
  id: exampleIds.manifest,
  name: "metis",
  url: "https://status.example.org/status.json",
  origin: "admin",
  interval: "30s",
  allowed_hosts: ["inference.example.org"],
  status: "ok",
  last_success_at: exampleTimes.now,
  age_seconds: 12,
  last_error: null,
  entries: [
    { key: "llama", endpoint_id: "llama-70b", status: "live", models: ["meta-llama/Llama-3.3-70B-Instruct"], error: null },
    { key: "old", endpoint_id: null, status: "dropped", models: [], error: "url: is not a URL" },
  ],
};

const ok = { state: "ok", since: null, detail: null } as const;

const system: SystemView = {
  version: "0.1.0",
  node: "v24.11.0",
  started_at: exampleTimes.made,
  uptime_seconds: 90953,
  status: "ok",
  reasons: [],
  snapshot: {
    version: 184,
    built_at: exampleTimes.changed,
    age_seconds: 66425,
    keys: 31,
    users: 12,
    groups: 3,
    models: 27,
    endpoints: 4,
  },
  spool: { backlog_bytes: 0, accepting: true, failure: null, unrecorded_attempts: 0 },
  database: { ...ok, engine: "sqlite" },
  manifests: [{ name: "metis", status: "ok", age_seconds: 12 }],
  backup: {
    last_at: exampleTimes.made,
    file: "/var/lib/headgate/backups/headgate-20261120T030000Z.db",
    bytes: 73_400_320,
    duration_ms: 2140,
    ok: true,
    error: null,
  },
  prices: { name: "@pydantic/genai-prices", version: "0.1.8", date: "2026-09-23", unpriced_models: 2 },
  warnings: [],
  redis: { status: "ok", since: null, latency_ms: 0.4, detail: null },
  allowances: { authority: "redis", degraded_since: null },
  replicas: [
    {
      id: "p_01a1f2d0c4a87b1e9a3c5d7f60812b4e",
      host: "gateway-1",
      version: "0.1.0",
      started_at: "2026-11-20T09:14:07.412Z",
      seen_at: "2026-11-20T16:03:01.201Z",
      is_self: true,
      is_gone: false,
      config_version: 214,
      spool_backlog_bytes: 0,
      holds: ["manifests", "probes", "retention", "synchronizations", "usage days"],
      allowances: "ok",
    },
  ],
  processes: [
    { name: "control", role: "control", pid: 22, started_at: exampleTimes.made, calls_in_flight: null, config_version: 214 },
    { name: "worker-1", role: "worker", pid: 23, started_at: exampleTimes.made, calls_in_flight: 12, config_version: 214 },
  ],
};

const chat = { model: "prod-gpt-4o", messages: [{ role: "user", content: "Hello" }] };

export const systemOperations: OperationDocs = {
  "GET /manifests": {
    id: "listManifests",
    description: "Those of the configuration are among them.",
    query: { search: "met" },
    answer: { page: { data: [manifest], next_cursor: null } },
  },
  "POST /manifests": {
    id: "createManifest",
    description: "It is fetched before the answer comes; one that can't be is kept, and tried again.",
    body: {
      with_tokens: {
        name: "metis",
        url: "https://status.example.org/status.json",
        interval: "30s",
        allowed_hosts: ["inference.example.org"],
        tokens: { "llama-70b": "..." },
      } satisfies z.input<typeof createManifestBody>,
    },
    answer: { manifest },
  },
  "GET /manifests/:id": { id: "getManifest", description: "With the state of each of its entries.", answer: { manifest } },
  "DELETE /manifests/:id": {
    id: "deleteManifest",
    description: "Its endpoints go with it. One of the configuration is removed there.",
    ifMatch: true,
  },
  "POST /manifests/:id/refresh": {
    id: "refreshManifest",
    description: "Always 200 while there is such a manifest: `status` and `last_error` say what came of it.",
    answer: { manifest },
  },
  "GET /system": {
    id: "getSystem",
    description: "Answered also without the database, to the token of HEADGATE_ADMIN_TOKEN.",
    answer: { system },
  },
  "GET /whoami": {
    id: "getWhoami",
    description: "What the credential is, and what it may do.",
    answer: { user: signedIn, token },
  },
  "GET /events": {
    id: "streamEvents",
    description: "Names what has changed, never what it is now: ask again for what is shown.",
    query: { topics: "keys,models" },
    answer: { change: { topics: ["keys", "models"] } satisfies z.output<typeof changeEvent> },
  },
  "GET /playground/v1/models": {
    id: "playgroundListModels",
    description: "As `GET /v1/models`, for the user who asks.",
    isPassedOn: true,
    answer: { models: { object: "list", data: [{ id: "prod-gpt-4o", object: "model", owned_by: "headgate" }] } },
  },
  "GET /playground/v1/models/*": {
    id: "playgroundGetModel",
    description: "As `GET /v1/models/{model}`, for the user who asks.",
    isPassedOn: true,
    answer: { model: { id: "prod-gpt-4o", object: "model", owned_by: "headgate" } },
  },
  "POST /playground/v1/*": {
    id: "playgroundCall",
    description:
      "The data plane's paths, with the signed-in user as the caller: nothing else is different. `{path}` may hold slashes.",
    isPassedOn: true,
    body: { chat },
    answer: {
      chat: {
        id: "chatcmpl-1",
        object: "chat.completion",
        model: "prod-gpt-4o",
        choices: [{ index: 0, message: { role: "assistant", content: "Hello!" }, finish_reason: "stop" }],
      },
    },
  },
};
