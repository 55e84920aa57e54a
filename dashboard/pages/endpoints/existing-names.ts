// The names of the models that are there already, to say at once what a new name would meet.
import { queryOptions } from "@tanstack/react-query";
import type { ModelBody } from "../../../src/api/models.ts";
import { get } from "../../api/client.ts";
import type { ListOf } from "../../api/queries.ts";
import type { ExistingNames } from "./model-selection.ts";

/** So many of each kind are looked at; beyond them only the server knows, and says so when the endpoint is made. */
const pagesMax = 3;

export const noNames: ExistingNames = { virtual: new Set(), pools: new Set() };

/** `exceptEndpoint`: the name of one whose own pools don't count. */
export function existingNamesQuery(exceptEndpoint?: string) {
  return queryOptions({
    // Not under "models": whoever looks at the names for a minute need not load all of them again with every event.
    queryKey: ["model names", exceptEndpoint ?? null] as const,
    queryFn: async ({ signal }): Promise<ExistingNames> => ({
      virtual: await namesOf("virtual", signal),
      pools: await namesOf("pool", signal, exceptEndpoint),
    }),
    staleTime: 30_000,
  });
}

async function namesOf(kind: "virtual" | "pool", signal: AbortSignal, exceptEndpoint?: string): Promise<Set<string>> {
  const names = new Set<string>();
  let cursor: string | null | undefined;
  for (let page = 0; page < pagesMax && cursor !== null; page += 1) {
    const list: ListOf<ModelBody> = await get<ListOf<ModelBody>>("/models", { kind, limit: 1000, cursor }, signal);
    for (const model of list.data) {
      const isElsewhere = kind === "virtual" || model.deployments.some(({ endpoint }) => endpoint !== exceptEndpoint);
      if (isElsewhere) names.add(model.name);
    }
    cursor = list.next_cursor;
  }
  return names;
}
