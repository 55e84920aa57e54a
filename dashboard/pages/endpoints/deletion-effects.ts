// What goes with an endpoint when it is deleted, as far as that is known.
import type { GroupBody } from "../../../src/api/groups.ts";
import type { ModelBody } from "../../../src/api/models.ts";
import { get } from "../../api/client.ts";
import type { ListOf } from "../../api/queries.ts";

export interface DeletionEffects {
  /** Names of models that no other endpoint has. */
  gone: string[];
  /** How many models stay with other endpoints. */
  kept: number;
  /** Names of virtual models that lose a target but keep others. */
  narrowed: string[];
  /** Names of virtual models that are left without any. */
  emptied: string[];
  /** Names of the groups that were granted what can no longer be called. */
  groups: string[];
  /** There are more models than were looked at. */
  isPart: boolean;
}

export async function deletionEffects(endpoint: { id: string; name: string }, signal: AbortSignal): Promise<DeletionEffects> {
  const { data, next_cursor: next } = await get<ListOf<ModelBody>>("/models", { endpoint: endpoint.name, limit: 1000 }, signal);
  const effects: DeletionEffects = { gone: [], kept: 0, narrowed: [], emptied: [], groups: [], isPart: next !== null };
  for (const { name, kind, deployments } of data) {
    const isAlone = deployments.every(({ endpoint_id }) => endpoint_id === endpoint.id);
    if (kind === "virtual") (isAlone ? effects.emptied : effects.narrowed).push(name);
    else if (isAlone) effects.gone.push(name);
    else effects.kept += 1;
  }
  const lost = [...effects.gone, ...effects.emptied];
  if (lost.length > 0) {
    const { data: groups } = await get<ListOf<GroupBody>>("/groups", { limit: 1000 }, signal);
    const isAffected = ({ models }: GroupBody) => models.some((pattern) => lost.some(matcherOf(pattern)));
    effects.groups = groups.filter(isAffected).map(({ name }) => name);
  }
  return effects;
}

/** `*` stands for any characters. */
function matcherOf(pattern: string): (name: string) => boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"));
  const expression = new RegExp(`^${parts.join(".*")}$`, "s");
  return (name) => expression.test(name);
}
