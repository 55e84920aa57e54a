// Gemini's generateContent and streamGenerateContent (as SSE or as a JSON array), enough to route, relay and meter.
import type { Answer } from "./answer.ts";
import { jsonAnswer, sseAnswer } from "./answer.ts";
import type { RecordedRequest } from "./recorded-request.ts";
import type { ProviderSettings } from "./settings.ts";
import { pieces } from "./settings.ts";

/** For paths `…/models/{model}:{method}`. */
export function geminiContent(request: RecordedRequest, settings: ProviderSettings): Answer {
  const [, model, method] = /\/models\/([^/:]+):(\w+)$/.exec(request.path) ?? [];
  if (method !== "streamGenerateContent") return jsonAnswer(200, content(model, settings, settings.text, true));
  const texts = pieces(settings.text);
  const parts = texts.map((text, index) => content(model, settings, text, index === texts.length - 1));
  if (request.query.get("alt") === "sse") return sseAnswer(parts.map((data) => ({ data })));
  const chunks = parts.map((part, index) => Buffer.from((index === 0 ? "[" : ",\n") + JSON.stringify(part)));
  chunks.push(Buffer.from("]"));
  return { status: 200, headers: { "content-type": "application/json" }, chunks, framing: "chunked" };
}

function content(model: string | undefined, { usage, reportsUsage }: ProviderSettings, text: string, last: boolean): object {
  const promptTokenCount = usage.inputTokens + usage.cachedInputTokens;
  const usageMetadata = {
    promptTokenCount,
    cachedContentTokenCount: usage.cachedInputTokens,
    candidatesTokenCount: usage.outputTokens,
    thoughtsTokenCount: usage.reasoningTokens,
    totalTokenCount: promptTokenCount + usage.outputTokens + usage.reasoningTokens,
  };
  return {
    candidates: [{ content: { parts: [{ text }], role: "model" }, ...(last ? { finishReason: "STOP" } : {}), index: 0 }],
    ...(reportsUsage ? { usageMetadata } : {}),
    modelVersion: model,
    responseId: "scripted",
  };
}
