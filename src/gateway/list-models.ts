// GET /v1/models: what the caller may use, in the shape its SDK expects.

import { HeadgateError } from "../core/errors.ts";
import type { Principal } from "./access.ts";
import type { Call } from "./call.ts";
import { sendJson } from "./reply/send-json.ts";
import type { ModelRoute } from "./snapshot.ts";

/** Answers with every model that the caller may use and that some endpoint serves now. */
export function listModels(call: Call, principal: Principal, query: URLSearchParams): void {
  const usable = [...call.snapshot.routesFor(principal)].filter(isUsable);
  if (call.dialect === "anthropic") return sendJson(call, anthropicPage(usable, query));
  if (call.dialect === "gemini") return sendJson(call, { models: usable.map(geminiModel) });
  sendJson(call, { object: "list", data: usable.map(openaiModel) });
}

/** One model; 404 `model_not_found` whether it is unknown or another's. */
export function getModel(call: Call, principal: Principal, name: string): void {
  const route = call.snapshot.routeFor(principal, name);
  if (route === null || !isUsable(route)) throw new HeadgateError("model_not_found", { field: "model" });
  sendJson(call, call.dialect === "anthropic" ? anthropicModel(route) : openaiModel(route));
}

function isUsable({ active }: ModelRoute): boolean {
  return active.length > 0;
}

function openaiModel({ model }: ModelRoute) {
  return { id: model.name, object: "model", created: Math.floor(model.createdAtMs / 1000), owned_by: "headgate" };
}

function anthropicModel({ model }: ModelRoute) {
  return { type: "model", id: model.name, display_name: model.name, created_at: new Date(model.createdAtMs).toISOString() };
}

function geminiModel({ model }: ModelRoute) {
  return { name: `models/${model.name}`, displayName: model.name };
}

/** Anthropic's paging: `limit` (default 20, at most 1000), `after_id`, `before_id`. */
function anthropicPage(usable: readonly ModelRoute[], query: URLSearchParams) {
  const limit = Math.min(1000, Math.max(1, Number(query.get("limit") ?? 20) || 20));
  const after = query.get("after_id");
  const before = query.get("before_id");
  let rows = usable;
  if (after !== null) rows = rows.filter((route) => route.model.name > after);
  if (before !== null) rows = rows.filter((route) => route.model.name < before);
  const page = before === null ? rows.slice(0, limit) : rows.slice(-limit);
  const data = page.map(anthropicModel);
  return { data, has_more: rows.length > page.length, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
}
