// Reads one page of a model list in any of the shapes that providers use.
import { checkModelName } from "../../domain/endpoint-fields.ts";

export interface ModelPage {
  ids: string[];
  /** Ids that can't be model names, as printable text. */
  rejected: string[];
  /** Query parameters that ask for the next page; null on the last one. */
  next: Record<string, string> | null;
}

type JsonObject = Record<string, unknown>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The entries of a list: bare, under `data` (OpenAI, Anthropic, Azure) or under `models` (Gemini, Ollama). Null: not a list. */
function entriesOf(body: unknown): unknown[] | null {
  if (Array.isArray(body)) return body;
  if (!isObject(body)) return null;
  if (Array.isArray(body.data)) return body.data;
  if (Array.isArray(body.models)) return body.models;
  // Servers written in Go marshal an empty list to null.
  return body.object === "list" && body.data === null ? [] : null;
}

/** The id to call the model by; Gemini's `models/x` is called as `x`. Undefined: the entry names no model. */
function idOf(entry: unknown): string | undefined {
  if (typeof entry === "string") return entry;
  if (!isObject(entry)) return undefined;
  if (typeof entry.id === "string") return entry.id;
  if (typeof entry.name === "string") return entry.name.replace(/^models\//, "");
  return typeof entry.model === "string" ? entry.model : undefined;
}

/** Azure lists models that can't be called, for fine-tuning only. */
function isCallable(entry: unknown): boolean {
  return !(isObject(entry) && isObject(entry.capabilities) && entry.capabilities.inference === false);
}

function nextPage(body: unknown, lastId: string | undefined): Record<string, string> | null {
  if (!isObject(body)) return null;
  if (typeof body.nextPageToken === "string" && body.nextPageToken !== "") return { pageToken: body.nextPageToken };
  const cursor = typeof body.last_id === "string" && body.last_id !== "" ? body.last_id : lastId;
  return body.has_more === true && cursor !== undefined ? { after_id: cursor } : null;
}

/** Reads a page from its parsed JSON. Null when it is no model list: no list at all, or entries that name nothing. */
export function parseModelList(body: unknown): ModelPage | null {
  const entries = entriesOf(body);
  if (entries === null) return null;
  const named = entries.map(idOf);
  if (entries.length > 0 && named.every((id) => id === undefined)) return null;
  const page: ModelPage = { ids: [], rejected: [], next: nextPage(body, named.at(-1)) };
  for (const [index, entry] of entries.entries()) {
    const id = named[index];
    if (id === undefined || !isCallable(entry)) continue;
    if (checkModelName(id) === null) page.ids.push(id);
    else page.rejected.push(printable(id));
  }
  return page;
}

/** Text for reports of what a provider sent: control characters escaped, at most 100 characters. */
function printable(text: string): string {
  const escaped = JSON.stringify(text.slice(0, 100)).slice(1, -1);
  return escaped.length > 100 ? `${escaped.slice(0, 99)}…` : escaped;
}
