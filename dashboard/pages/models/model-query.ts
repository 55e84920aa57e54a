// One model with its ETag: all of it, or what the catalogue shows.
import { queryOptions } from "@tanstack/react-query";
import type { CatalogueModelBody, ModelBody } from "../../../src/api/models.ts";
import { getTagged } from "../../api/client.ts";

/** The ETag is that of all settings and states: not each change of it concerns what one edits. */
export function modelQuery(id: string) {
  const path = `/models/${encodeURIComponent(id)}`;
  return queryOptions({
    queryKey: ["models", "item", path, "tagged"] as const,
    queryFn: ({ signal }) => getTagged<ModelBody | CatalogueModelBody>(path, signal),
  });
}
