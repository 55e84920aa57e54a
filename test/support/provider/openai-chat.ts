// OpenAI's chat completions and legacy completions as the real service answers them, streamed or not.
import type { LooseJson } from "../loose-json.ts";
import type { Answer, SseEvent } from "./answer.ts";
import { jsonAnswer, sseAnswer } from "./answer.ts";
import type { RecordedRequest } from "./recorded-request.ts";
import type { ProviderSettings } from "./settings.ts";
import { pieces } from "./settings.ts";

const created = 1_700_000_000;
const fingerprint = "fp_scripted";

export function openaiUsage({ usage }: ProviderSettings): Record<string, unknown> {
  const prompt_tokens = usage.inputTokens + usage.cachedInputTokens + usage.cacheWriteTokens;
  const completion_tokens = usage.outputTokens + usage.reasoningTokens;
  return {
    prompt_tokens,
    completion_tokens,
    total_tokens: prompt_tokens + completion_tokens,
    prompt_tokens_details: { cached_tokens: usage.cachedInputTokens, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens, audio_tokens: 0 },
  };
}

export function chatCompletion(request: RecordedRequest, settings: ProviderSettings): Answer {
  const { json, number } = request;
  const common = {
    id: `chatcmpl-${number}`,
    created,
    model: json?.model,
    service_tier: "default",
    system_fingerprint: fingerprint,
  };
  const toolCalls = toolCallsFor(json, settings, number);
  if (json?.stream === true) {
    const deltas = toolCalls === null ? textDeltas(settings) : toolDeltas(toolCalls);
    const finish = toolCalls === null ? "stop" : "tool_calls";
    return openaiStream(json, settings, { ...common, object: "chat.completion.chunk" }, [
      ...deltas.map((delta) => ({ index: 0, delta, logprobs: null, finish_reason: null })),
      { index: 0, delta: {}, logprobs: null, finish_reason: finish },
    ]);
  }
  const message =
    toolCalls === null
      ? { role: "assistant", content: settings.text, refusal: null, annotations: [] }
      : { role: "assistant", content: null, refusal: null, annotations: [], tool_calls: toolCalls };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: toolCalls === null ? "stop" : "tool_calls" }];
  const usage = settings.reportsUsage ? { usage: openaiUsage(settings) } : {};
  return jsonAnswer(200, { ...common, object: "chat.completion", choices, ...usage });
}

export function legacyCompletion(request: RecordedRequest, settings: ProviderSettings): Answer {
  const { json, number } = request;
  const common = {
    id: `cmpl-${number}`,
    object: "text_completion",
    created,
    model: json?.model,
    system_fingerprint: fingerprint,
  };
  if (json?.stream === true) {
    return openaiStream(json, settings, common, [
      ...pieces(settings.text).map((text) => ({ text, index: 0, logprobs: null, finish_reason: null })),
      { text: "", index: 0, logprobs: null, finish_reason: "stop" },
    ]);
  }
  const choices = [{ text: settings.text, index: 0, logprobs: null, finish_reason: "stop" }];
  return jsonAnswer(200, { ...common, choices, ...(settings.reportsUsage ? { usage: openaiUsage(settings) } : {}) });
}

/** One choice per event; with `include_usage` every event carries `"usage": null` and one more, without choices, the figures. */
function openaiStream(json: LooseJson, settings: ProviderSettings, common: object, choices: readonly object[]): Answer {
  const asked = json.stream_options?.include_usage === true && settings.reportsUsage;
  const events: SseEvent[] = choices.map((choice) => ({
    data: { ...common, choices: [choice], ...(asked ? { usage: null } : {}) },
  }));
  if (asked) events.push({ data: { ...common, choices: [], usage: openaiUsage(settings) } });
  return sseAnswer([...events, { data: "[DONE]" }]);
}

function textDeltas(settings: ProviderSettings): object[] {
  return [{ role: "assistant", content: "", refusal: null }, ...pieces(settings.text).map((content) => ({ content }))];
}

interface ToolCall {
  id: string;
  type: "function";
  function: { name: string; arguments: string };
}

function toolDeltas([call]: readonly ToolCall[]): object[] {
  const { name, arguments: text } = (call as ToolCall).function;
  const delta = (fields: object) => ({ tool_calls: [{ index: 0, ...fields }] });
  const half = text.length >> 1;
  return [
    { role: "assistant", content: null, ...delta({ id: call?.id, type: "function", function: { name, arguments: "" } }) },
    delta({ function: { arguments: text.slice(0, half) } }),
    delta({ function: { arguments: text.slice(half) } }),
  ];
}

/** A call of the first tool when the user spoke last; null (answer with text) after a tool's result or without tools. */
function toolCallsFor(json: LooseJson, settings: ProviderSettings, number: number): ToolCall[] | null {
  const name = json?.tools?.[0]?.function?.name;
  if (typeof name !== "string" || json.tool_choice === "none" || json.messages?.at?.(-1)?.role !== "user") return null;
  return [{ id: `call_${number}`, type: "function", function: { name, arguments: JSON.stringify(settings.toolArguments) } }];
}
