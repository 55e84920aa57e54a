// GET /v1/models: what the caller may use, in the shape its SDK expects.
import { HeadgateError } from "../core/errors.ts";
import type { Call } from "./call.ts";
import { answerHeaders } from "./reply/answer-headers.ts";
import type { ModelRoute, Principal } from "./snapshot.ts";

/** Answers with every model that the caller may use and that some endpoint serves now. */
export function listModels(call: Call, principal: Principal, query: URLSearchParams): void {
  const usable: ModelRoute[] = [];
  for (const route of call.snapshot.models()) {
    if (isUsable(route, principal)) usable.push(route);
  }
  if (call.dialect === "anthropic") return sendJson(call, anthropicPage(usable, query));
  if (call.dialect === "gemini") return sendJson(call, { models: usable.map(geminiModel) });
  sendJson(call, { object: "list", data: usable.map(openaiModel) });
}

/** One model; 404 `model_not_found` whether it is unknown or another's. */
export function getModel(call: Call, principal: Principal, name: string): void {
  const route = call.snapshot.model(name);
  if (route === undefined || !isUsable(route, principal)) throw new HeadgateError("model_not_found", { field: "model" });
  sendJson(call, call.dialect === "anthropic" ? anthropicModel(route) : openaiModel(route));
}

function isUsable(route: ModelRoute, principal: Principal): boolean {
  return principal.mayUse(route.model.name) && route.targets.some((target) => target.deployment.status === "active");
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

function sendJson(call: Call, value: unknown): void {
  const body = JSON.stringify(value);
  const headers = answerHeaders(call);
  headers.push("content-type", "application/json", "content-length", String(Buffer.byteLength(body)));
  call.status = 200;
  call.res.writeHead(200, headers);
  call.res.end(call.method === "HEAD" ? undefined : body);
  call.req.resume();
}
