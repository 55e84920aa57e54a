// OpenAI's Responses API as the real service answers it, streamed (its full sequence of events) or not.
import { randomUUID } from "node:crypto";
import type { LooseJson } from "../loose-json.ts";
import type { Answer, SseEvent } from "./answer.ts";
import { jsonAnswer, sseAnswer } from "./answer.ts";
import type { RecordedRequest } from "./recorded-request.ts";
import type { ProviderSettings } from "./settings.ts";
import { pieces } from "./settings.ts";

const ids = new WeakMap<RecordedRequest, string>();

/** Unlike any other's, and the same each time a request's answer is asked for. */
function responseId(request: RecordedRequest): string {
  const id = ids.get(request) ?? `resp_${randomUUID().replaceAll("-", "")}`;
  ids.set(request, id);
  return id;
}

export function responsesApi(request: RecordedRequest, settings: ProviderSettings): Answer {
  const { json, number } = request;
  const name = toolNameFor(json);
  const item = name === null ? messageItem(settings, number) : callItem(name, settings, number);
  const id = responseId(request);
  const done = responseObject(json, id, "completed", [item], settings.reportsUsage ? responsesUsage(settings) : null);
  if (json?.stream !== true) return jsonAnswer(200, done);
  const begun = responseObject(json, id, "in_progress", [], null);
  const events = [
    { type: "response.created", response: begun },
    { type: "response.in_progress", response: begun },
    ...(name === null ? messageEvents(settings, number) : callEvents(name, settings, number)),
    { type: "response.completed", response: done },
  ];
  return sseAnswer(events.map((data, index): SseEvent => ({ event: data.type, data: { ...data, sequence_number: index } })));
}

/** What is done with a response that the provider keeps; it has kept every one that it is asked for. */
export function keptResponse(request: RecordedRequest, settings: ProviderSettings): Answer | null {
  const [, id, action] = /\/responses\/([^/]+)(?:\/([^/]+))?$/.exec(request.path) ?? [];
  if (id === undefined) return null;
  const item = messageItem(settings, request.number);
  const response = (status: string) => responseObject(undefined, id, status, [item], responsesUsage(settings));
  const { method } = request;
  if (method === "POST" && action === "cancel") return jsonAnswer(200, response("cancelled"));
  if (method === "DELETE" && action === undefined) return jsonAnswer(200, { id, object: "response", deleted: true });
  if (method !== "GET") return null;
  if (action === "input_items") return jsonAnswer(200, { object: "list", data: [item], has_more: false });
  return action === undefined ? jsonAnswer(200, response("completed")) : null;
}

function responsesUsage({ usage }: ProviderSettings): object {
  const input_tokens = usage.inputTokens + usage.cachedInputTokens + usage.cacheWriteTokens;
  const output_tokens = usage.outputTokens + usage.reasoningTokens;
  return {
    input_tokens,
    input_tokens_details: { cached_tokens: usage.cachedInputTokens },
    output_tokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: input_tokens + output_tokens,
  };
}

function responseObject(json: LooseJson, id: string, status: string, output: object[], usage: object | null): object {
  return {
    id,
    object: "response",
    created_at: 1_700_000_000,
    status,
    background: false,
    error: null,
    incomplete_details: null,
    instructions: json?.instructions ?? null,
    max_output_tokens: json?.max_output_tokens ?? null,
    metadata: json?.metadata ?? {},
    model: json?.model,
    output,
    parallel_tool_calls: true,
    previous_response_id: json?.previous_response_id ?? null,
    service_tier: "default",
    store: true,
    temperature: 1,
    text: { format: { type: "text" } },
    tool_choice: json?.tool_choice ?? "auto",
    tools: json?.tools ?? [],
    top_p: 1,
    truncation: "disabled",
    usage,
    user: null,
  };
}

const textPart = (text: string) => ({ type: "output_text", annotations: [], logprobs: [], text });

function messageItem(settings: ProviderSettings, number: number) {
  const content = [textPart(settings.text)];
  return { id: `msg_${number}`, type: "message", status: "completed", content, role: "assistant" };
}

function callItem(name: string, settings: ProviderSettings, number: number) {
  const text = JSON.stringify(settings.toolArguments);
  return { id: `fc_${number}`, type: "function_call", status: "completed", arguments: text, call_id: `call_${number}`, name };
}

function messageEvents(settings: ProviderSettings, number: number) {
  const item = messageItem(settings, number);
  const at = { item_id: item.id, output_index: 0, content_index: 0 };
  return [
    { type: "response.output_item.added", output_index: 0, item: { ...item, status: "in_progress", content: [] } },
    { type: "response.content_part.added", ...at, part: textPart("") },
    ...pieces(settings.text).map((delta) => ({ type: "response.output_text.delta", ...at, delta, logprobs: [] })),
    { type: "response.output_text.done", ...at, text: settings.text, logprobs: [] },
    { type: "response.content_part.done", ...at, part: textPart(settings.text) },
    { type: "response.output_item.done", output_index: 0, item },
  ];
}

function callEvents(name: string, settings: ProviderSettings, number: number) {
  const item = callItem(name, settings, number);
  const at = { item_id: item.id, output_index: 0 };
  const half = item.arguments.length >> 1;
  const deltas = [item.arguments.slice(0, half), item.arguments.slice(half)];
  return [
    { type: "response.output_item.added", output_index: 0, item: { ...item, status: "in_progress", arguments: "" } },
    ...deltas.map((delta) => ({ type: "response.function_call_arguments.delta", ...at, delta })),
    { type: "response.function_call_arguments.done", ...at, arguments: item.arguments },
    { type: "response.output_item.done", output_index: 0, item },
  ];
}

function toolNameFor(json: LooseJson): string | null {
  const name = json?.tools?.[0]?.name;
  if (typeof name !== "string" || json.tool_choice === "none") return null;
  const last = Array.isArray(json.input) ? json.input.at(-1) : { role: "user" };
  return last?.role === "user" ? name : null;
}
