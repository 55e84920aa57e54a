// `GET …/models` in the shapes that providers use, pagination included.
import type { Answer } from "./answer.ts";
import { jsonAnswer } from "./answer.ts";
import type { RecordedRequest } from "./recorded-request.ts";
import type { ProviderSettings } from "./settings.ts";

const createdSeconds = 1_700_000_000;

export function modelList(request: RecordedRequest, settings: ProviderSettings): Answer {
  switch (settings.listShape) {
    case "openai":
      return jsonAnswer(200, { object: "list", data: openaiEntries(settings) });
    case "bare_array":
      return jsonAnswer(200, openaiEntries(settings));
    case "azure":
      return jsonAnswer(200, { data: settings.models.map(azureEntry), object: "list" });
    case "anthropic":
      return anthropicPage(request, settings);
    case "gemini":
      return geminiPage(request, settings);
  }
}

export function oneModel(id: string, settings: ProviderSettings): Answer {
  if (!settings.models.includes(id)) return jsonAnswer(404, { error: { message: `The model '${id}' does not exist` } });
  return jsonAnswer(200, settings.listShape === "anthropic" ? anthropicEntry(id) : openaiEntry(id));
}

function openaiEntries({ models, bareEntries }: ProviderSettings): unknown[] {
  return models.map((id) => (bareEntries ? { id } : openaiEntry(id)));
}

function openaiEntry(id: string): unknown {
  return { id, object: "model", created: createdSeconds, owned_by: "scripted" };
}

function azureEntry(id: string): unknown {
  const capabilities = { fine_tune: false, inference: true, completion: true, chat_completion: true, embeddings: false };
  return {
    status: "succeeded",
    capabilities,
    lifecycle_status: "generally-available",
    created_at: createdSeconds,
    id,
    object: "model",
  };
}

function anthropicEntry(id: string): unknown {
  return { type: "model", id, display_name: id, created_at: "2025-01-01T00:00:00Z" };
}

/** Anthropic's cursor: `limit` (20 when not asked for) and `after_id`. */
function anthropicPage(request: RecordedRequest, settings: ProviderSettings): Answer {
  const after = request.query.get("after_id");
  const start = after === null ? 0 : settings.models.indexOf(after) + 1;
  const limit = Math.min(Number(request.query.get("limit") ?? 20), settings.pageSize);
  const ids = settings.models.slice(start, start + limit);
  const has_more = start + limit < settings.models.length;
  return jsonAnswer(200, { data: ids.map(anthropicEntry), has_more, first_id: ids[0] ?? null, last_id: ids.at(-1) ?? null });
}

/** Gemini's cursor: `pageSize` (50 when not asked for) and `pageToken`. */
function geminiPage(request: RecordedRequest, settings: ProviderSettings): Answer {
  const start = Number(request.query.get("pageToken") ?? 0);
  const size = Math.min(Number(request.query.get("pageSize") ?? 50), settings.pageSize);
  const models = settings.models.slice(start, start + size).map((id) => ({
    name: `models/${id}`,
    version: "001",
    displayName: id,
    supportedGenerationMethods: ["generateContent"],
  }));
  const next = start + size;
  return jsonAnswer(200, { models, ...(next < settings.models.length ? { nextPageToken: String(next) } : {}) });
}
