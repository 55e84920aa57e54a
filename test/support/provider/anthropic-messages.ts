// Anthropic's Messages API as the real service answers it, streamed (pings included) or not, and its token counter.
import type { LooseJson } from "../loose-json.ts";
import type { Answer, SseEvent } from "./answer.ts";
import { jsonAnswer, sseAnswer } from "./answer.ts";
import type { RecordedRequest } from "./recorded-request.ts";
import type { ProviderSettings } from "./settings.ts";
import { pieces } from "./settings.ts";

export function anthropicMessage(request: RecordedRequest, settings: ProviderSettings): Answer {
  const { json, number } = request;
  const name = toolNameFor(json);
  const stop_reason = name === null ? "end_turn" : "tool_use";
  const message = { id: `msg_${number}`, type: "message", role: "assistant", model: json?.model };
  const headers = { "request-id": `req_scripted_${number}` };
  if (json?.stream !== true) {
    const content = [name === null ? { type: "text", text: settings.text } : toolUse(name, settings, number)];
    const usage = settings.reportsUsage ? { usage: anthropicUsage(settings, outputTokens(settings)) } : {};
    return jsonAnswer(200, { ...message, content, stop_reason, stop_sequence: null, ...usage }, headers);
  }
  const begun = { ...message, content: [], stop_reason: null, stop_sequence: null };
  const usage = settings.reportsUsage ? { usage: anthropicUsage(settings, 1) } : {};
  const finalUsage = settings.reportsUsage ? { usage: deltaUsage(settings) } : {};
  const events = [
    { type: "message_start", message: { ...begun, ...usage } },
    ...(name === null ? textEvents(settings) : toolEvents(name, settings, number)),
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason, stop_sequence: null }, ...finalUsage },
    { type: "message_stop" },
  ];
  return sseAnswer(
    events.map((data): SseEvent => ({ event: data.type, data })),
    headers,
  );
}

export function countTokens(settings: ProviderSettings): Answer {
  return jsonAnswer(200, { input_tokens: settings.usage.inputTokens });
}

/** Anthropic counts reasoning as output, and tells how much of it that was. */
function outputTokens({ usage }: ProviderSettings): number {
  return usage.outputTokens + usage.reasoningTokens;
}

function tokenCounts({ usage }: ProviderSettings, output_tokens: number): object {
  return {
    input_tokens: usage.inputTokens,
    cache_creation_input_tokens: usage.cacheWriteTokens,
    cache_read_input_tokens: usage.cachedInputTokens,
    output_tokens,
    output_tokens_details: { thinking_tokens: Math.min(usage.reasoningTokens, output_tokens) },
  };
}

function anthropicUsage(settings: ProviderSettings, output_tokens: number): object {
  const cacheWrites = { ephemeral_5m_input_tokens: settings.usage.cacheWriteTokens, ephemeral_1h_input_tokens: 0 };
  return {
    ...tokenCounts(settings, output_tokens),
    cache_creation: cacheWrites,
    server_tool_use: null,
    service_tier: "standard",
  };
}

/** The figures of a stream's end are cumulative: they replace those of its beginning. Older services tell the output alone. */
function deltaUsage(settings: ProviderSettings): object {
  const output_tokens = outputTokens(settings);
  return settings.deltaUsage === "output_only" ? { output_tokens } : tokenCounts(settings, output_tokens);
}

function toolUse(name: string, settings: ProviderSettings, number: number) {
  return { type: "tool_use", id: `toolu_${number}`, name, input: settings.toolArguments, caller: { type: "direct" } };
}

function textEvents(settings: ProviderSettings) {
  const deltas = pieces(settings.text).map((text) => ({
    type: "content_block_delta",
    index: 0,
    delta: { type: "text_delta", text },
  }));
  return [{ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }, { type: "ping" }, ...deltas];
}

function toolEvents(name: string, settings: ProviderSettings, number: number) {
  const text = JSON.stringify(settings.toolArguments);
  const half = text.length >> 1;
  const parts = ["", text.slice(0, half), text.slice(half)];
  const deltas = parts.map((partial_json) => {
    return { type: "content_block_delta", index: 0, delta: { type: "input_json_delta", partial_json } };
  });
  const content_block = { ...toolUse(name, settings, number), input: {} };
  return [{ type: "content_block_start", index: 0, content_block }, { type: "ping" }, ...deltas];
}

function toolNameFor(json: LooseJson): string | null {
  const name = json?.tools?.[0]?.name;
  if (typeof name !== "string" || json.tool_choice?.type === "none") return null;
  const content = json.messages?.at?.(-1)?.content;
  const isResult = Array.isArray(content) && content.some((block) => block?.type === "tool_result");
  return isResult ? null : name;
}
