// Makes an endpoint from what the guided add has gathered.
import type { EndpointBody } from "../../../src/api/endpoints.ts";
import type { SyncRunBody } from "../../../src/api/sync-runs.ts";
import { get, post } from "../../api/client.ts";
import type { ListOf } from "../../api/queries.ts";
import { queryClient } from "../../api/query-client.ts";
import { messageOf } from "../../components/notice.tsx";
import { type EndpointDraft, endpointBodyOf } from "./endpoint-draft.ts";
import { aliasesOf, type ModelSelection } from "./model-selection.ts";

export interface Created {
  endpoint: EndpointBody;
  /** The first synchronization; null: there was none. */
  run: SyncRunBody | null;
  /** Names for callers of the typed models that were added. */
  typed: string[];
  /** Typed models that could not be added, and why. */
  refused: { model: string; reason: string }[];
}

/** Throws ApiError when the endpoint could not be made; a typed model that can't be added does not take it back. */
export async function createEndpoint(draft: EndpointDraft, selection: ModelSelection): Promise<Created> {
  const body = {
    ...endpointBodyOf(draft),
    models: selection.follows === "all" ? "all" : [...selection.chosen],
    aliases: aliasesOf(selection),
  };
  const made = await post<EndpointBody>("/endpoints", body);
  const typed: string[] = [];
  const refused: Created["refused"] = [];
  for (const entry of selection.typed) {
    const model = entry.model.trim();
    if (model === "") continue;
    const alias = entry.alias.trim() || null;
    try {
      await post(`/endpoints/${made.id}/models`, { model, alias });
      typed.push(alias ?? model);
    } catch (error) {
      refused.push({ model, reason: messageOf(error) });
    }
  }
  void queryClient.invalidateQueries({ queryKey: ["endpoints"] });
  void queryClient.invalidateQueries({ queryKey: ["models"] });
  // It is made: what can't be read now is seen on its page.
  const runs = await get<ListOf<SyncRunBody>>(`/endpoints/${made.id}/sync-runs`, { limit: 1 }).catch(() => null);
  const endpoint = await get<EndpointBody>(`/endpoints/${made.id}`).catch(() => made);
  return { endpoint, run: runs?.data[0] ?? null, typed, refused };
}
