// What the scripted provider answers when nothing is scripted: finds the API by the path and refuses what a real one would.
import type { Answer } from "./answer.ts";
import { anthropicError, jsonAnswer, openaiError } from "./answer.ts";
import { anthropicMessage, countTokens } from "./anthropic-messages.ts";
import { geminiContent } from "./gemini.ts";
import { modelList, oneModel } from "./model-list.ts";
import { chatCompletion, legacyCompletion } from "./openai-chat.ts";
import { embeddings } from "./openai-embeddings.ts";
import { keptResponse, responsesApi } from "./openai-responses.ts";
import type { RecordedRequest } from "./recorded-request.ts";
import type { ProviderSettings } from "./settings.ts";
import { unknownStream } from "./unknown-stream.ts";

type Route = (request: RecordedRequest, settings: ProviderSettings) => Answer;

/** By the path's end, so that any base path and Azure's deployments work. */
const postRoutes: readonly [RegExp, Route][] = [
  [/\/chat\/completions$/, chatCompletion],
  [/\/completions$/, legacyCompletion],
  [/\/embeddings$/, embeddings],
  [/\/responses$/, responsesApi],
  [/\/messages$/, anthropicMessage],
  [/\/messages\/count_tokens$/, (_request, settings) => countTokens(settings)],
  [/\/models\/[^/:]+:\w+$/, geminiContent],
  [/\/audio\/transcriptions$/, (_request, settings) => jsonAnswer(200, { text: settings.text })],
];

/** `GET …/models`: discovery, which scripts for calls leave alone. */
export function isModelList(request: RecordedRequest): boolean {
  return request.method === "GET" && request.path.endsWith("/models");
}

export function usualAnswer(request: RecordedRequest, settings: ProviderSettings): Answer {
  const isAnthropic = request.headers["anthropic-version"] !== undefined;
  const { basePaths, requireKey } = settings;
  if (!basePaths.some((base) => request.path.startsWith(`${base}/`)))
    return openaiError(404, `Invalid URL (${request.method} ${request.path})`);
  if (requireKey !== null && request.credential !== requireKey) {
    return isAnthropic
      ? anthropicError(401, "authentication_error", "invalid x-api-key")
      : openaiError(401, "Incorrect API key provided.", "invalid_api_key");
  }
  if (isModelList(request)) return modelList(request, settings);
  if (request.method === "GET") {
    const id = /\/models\/([^/]+)$/.exec(request.path)?.[1];
    if (id !== undefined) return oneModel(decodeURIComponent(id), settings);
  }
  const kept = keptResponse(request, settings);
  if (kept !== null) return kept;
  const route = request.method === "POST" ? postRoutes.find(([pattern]) => pattern.test(request.path))?.[1] : undefined;
  // An API nobody has heard of: streams in a way of its own, or says what it got.
  if (route === undefined && request.json?.stream === true) return unknownStream(settings);
  if (route === undefined)
    return jsonAnswer(200, { object: "scripted.echo", method: request.method, url: request.url, body: request.text });
  const model = request.json?.model;
  if (settings.knownModelsOnly && typeof model === "string" && !settings.models.includes(model)) {
    return isAnthropic
      ? anthropicError(404, "not_found_error", `model: ${model}`)
      : openaiError(404, `The model '${model}' does not exist`, "model_not_found");
  }
  return route(request, settings);
}
