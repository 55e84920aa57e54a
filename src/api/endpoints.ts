// Endpoints on the wire.
import { z } from "zod";
import { dialects } from "../domain/dialect.ts";
import {
  checkAuthHeaderName,
  checkCredential,
  checkCustomHeaders,
  checkEndpointName,
  checkEndpointUrl,
  checkHeaderValue,
  checkModelName,
  checkProbeIntervalMs,
  checkProbeTimeoutMs,
  checkQuery,
  checkSyncIntervalMs,
  checkWeight,
} from "../domain/endpoint-fields.ts";
import { probeKinds } from "../domain/probe.ts";
import { checkedText, durationField } from "./checked-text.ts";
import { listQuery, searchField } from "./list.ts";
import { syncInProgress, syncRunSummary } from "./sync-runs.ts";
import { timeText } from "./time.ts";
import { timeoutsField, timeoutsView } from "./timeouts.ts";

const connectionFields = {
  url: checkedText(checkEndpointUrl).describe("Base URL; `/v1` is added when it has no path."),
  api_key: checkedText(checkCredential).nullish().describe("The provider's credential. Stored encrypted, never shown."),
  dialect: z.enum(dialects).nullish().describe("Default: by the host of the URL, else openai."),
  auth_header_name: checkedText(checkAuthHeaderName).nullish().describe("Header of the credential. Default: the dialect's."),
  auth_header_prefix: checkedText(checkHeaderValue)
    .nullish()
    .describe("What precedes it, spaces included. Default: `Bearer ` in Authorization."),
  headers: z.record(z.string(), z.string()).nullish().describe("Sent upstream on every request."),
  query: z.record(z.string(), z.string()).nullish().describe("Added to every upstream URL."),
};

const description = z.string().max(2000, { error: "must be at most 2000 characters" });
const modelName = checkedText(checkModelName);

const configurationFields = {
  name: checkedText(checkEndpointName),
  description: description.nullish(),
  ...connectionFields,
  models: z
    .union([z.literal("all"), z.array(modelName)], { error: 'must be "all" or a list of model ids' })
    .nullish()
    .describe("`all` follows the provider; a list pins."),
  aliases: z.record(modelName, modelName).nullish().describe("Upstream id → public name."),
  sync_interval: durationField(checkSyncIntervalMs).nullish().describe("Default 1h; 0: only on demand."),
  timeouts: timeoutsField.nullish(),
  weight: z
    .number()
    .refine((weight) => checkWeight(weight) === null, { error: (issue) => checkWeight(issue.input as number) ?? "" })
    .nullish(),
  probe: z
    .strictObject({
      kind: z.enum(probeKinds).nullish().describe("`models`: its list of models. `completion`: one token of each active model."),
      interval: durationField(checkProbeIntervalMs).nullish().describe("Default 30s."),
      timeout: durationField(checkProbeTimeoutMs).nullish().describe("Default 10s."),
    })
    .nullish()
    .describe("Asks the endpoint, between calls, whether it works. Default: only calls show it."),
};

interface HeaderFields {
  headers?: Record<string, string> | null | undefined;
  query?: Record<string, string> | null | undefined;
  auth_header_name?: string | null | undefined;
}

/** The rules that look at more than one field. */
function checkTogether(given: HeaderFields, context: z.RefinementCtx): void {
  const wrongHeaders = checkCustomHeaders(given.headers ?? {}, given.auth_header_name);
  if (wrongHeaders !== null) context.addIssue({ code: "custom", path: ["headers"], message: wrongHeaders });
  const wrongQuery = checkQuery(given.query ?? {});
  if (wrongQuery !== null) context.addIssue({ code: "custom", path: ["query"], message: wrongQuery });
}

/** A whole endpoint as an administrator gives it; what a PATCH leads to is held to the same. */
export const endpointConfiguration = z.strictObject(configurationFields).superRefine(checkTogether);

export const createEndpointBody = z
  .strictObject({
    ...configurationFields,
    sync: z.boolean().default(true).describe("Fetch the provider's list of models first."),
  })
  .superRefine(checkTogether);

const nullableText = z.string().nullish();
const nullableMap = z.record(z.string(), z.string().nullable()).nullish();
const nullableDuration = z.union([z.string(), z.number()]).nullish();

/** A merge patch (RFC 7396): only shapes are checked here, the result of the merge against `endpointConfiguration`. */
export const patchEndpointBody = z.strictObject({
  name: z.string().optional(),
  description: nullableText,
  url: z.string().optional(),
  api_key: nullableText,
  dialect: nullableText,
  auth_header_name: nullableText,
  auth_header_prefix: nullableText,
  headers: nullableMap,
  query: nullableMap,
  models: z.union([z.literal("all"), z.array(z.string())], { error: 'must be "all" or a list of model ids' }).nullish(),
  aliases: nullableMap,
  sync_interval: nullableDuration,
  timeouts: z
    .strictObject({ connect: nullableDuration, first_byte: nullableDuration, idle: nullableDuration, total: nullableDuration })
    .nullish(),
  weight: z.number().nullish(),
  probe: z.strictObject({ kind: nullableText, interval: nullableDuration, timeout: nullableDuration }).nullish(),
  sync: z.boolean().default(true).describe("Synchronise where the change calls for it."),
});

/** What a connection is tried with: an endpoint's own fields, or those given here, which come first. */
export const validateEndpointBody = z
  .strictObject({ endpoint_id: z.string().optional(), ...connectionFields, url: connectionFields.url.optional() })
  .superRefine(checkTogether)
  .superRefine((given, context) => {
    if (given.url === undefined && given.endpoint_id === undefined) {
      context.addIssue({ code: "custom", path: ["url"], message: "is required, or `endpoint_id`" });
    }
  });

export const validationView = z
  .object({
    ok: z.boolean(),
    stage: z.enum(["dns", "connect", "tls", "auth", "http", "parse", "empty", "done"]).describe("How far the question got."),
    code: z.string().describe("`ok`, or what failed."),
    message: z.string(),
    hint: z.string().nullable(),
    latency_ms: z.number(),
    effective_url: z.string().nullable().describe("The base that answered."),
    models: z.array(z.string()).describe("Ids of the models listed."),
  })
  .meta({ id: "EndpointValidation" });

export const endpointView = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    url: z.string().describe("As it was given."),
    effective_url: z.string().describe("The base that calls are appended to."),
    origin: z.string().describe("`admin`, `config` or `manifest`."),
    manifest_id: z.string().nullable().describe("The manifest that declares it, and alone changes it."),
    manifest: z.string().nullable().describe("Its name."),
    dialect: z.enum(dialects),
    auth_header_name: z.string().nullable().describe("Null: the dialect's own."),
    auth_header_prefix: z.string().nullable().describe("Null: what is usual in that header."),
    headers: z.record(z.string(), z.string()),
    query: z.record(z.string(), z.string()),
    models: z.union([z.literal("all"), z.array(z.string())]),
    aliases: z.record(z.string(), z.string()),
    sync_interval: z.string(),
    timeouts: timeoutsView,
    weight: z.number().int(),
    probe: z.object({ kind: z.enum(probeKinds), interval: z.string(), timeout: z.string() }).nullable(),
    has_api_key: z.boolean(),
    status: z
      .enum(["active", "offline", "disabled", "never_synced"])
      .describe(
        "`active`: has an active model. `disabled`: an administrator disabled all of its models. `never_synced`: no model, and none was ever looked for. `offline`: anything else; last_sync says why.",
      ),
    model_counts: z.object({ active: z.number().int(), offline: z.number().int(), disabled: z.number().int() }),
    last_sync: syncRunSummary.nullable(),
    sync_in_progress: syncInProgress.nullable().describe("The synchronisation that is under way; null: none."),
    created_at: timeText,
    updated_at: timeText,
    version: z.number().int(),
  })
  .meta({ id: "Endpoint" });

export const deletedEndpointView = z
  .object({
    id: z.string().describe("The endpoint's, which it has again when it is restored."),
    name: z.string(),
    deleted_at: timeText,
    expires_at: timeText.describe("Until when it can be restored."),
    deployments: z.number().int().describe("How many models it had."),
  })
  .meta({ id: "DeletedEndpoint" });

export const endpointsQuery = listQuery.extend({ search: searchField("the name") });

export type EndpointConfiguration = z.output<typeof endpointConfiguration>;
export type EndpointPatch = z.output<typeof patchEndpointBody>;
export type EndpointBody = z.output<typeof endpointView>;
export type DeletedEndpointBody = z.output<typeof deletedEndpointView>;
