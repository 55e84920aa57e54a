// The models that somebody may use, without what stands behind them.
import type { CatalogueModelBody } from "../../../api/models.ts";
import type { ModelFilter, ModelRow } from "../../../storage/ports/models.ts";
import type { PageRequest } from "../../../storage/ports/page.ts";
import { databaseUnavailable, found } from "../answers.ts";
import type { AdminContext, UsableModel } from "../context.ts";
import { presentLimits } from "../limits-column.ts";

/** Asks the data plane, which alone knows who may use what now. Throws HeadgateError database_unavailable while it knows nothing. */
export async function pageOfCatalogue(
  context: AdminContext,
  userId: string,
  request: PageRequest,
  { search, status, kind }: Pick<ModelFilter, "search" | "status" | "kind">,
): Promise<{ data: CatalogueModelBody[]; next_cursor: string | null }> {
  const usable = usableBy(context, userId);
  // Of models, `status` is what it is for this user.
  const names = [...usable.values()].filter((model) => status === undefined || model.status === status).map(({ name }) => name);
  const page = await context.database().models.page(request, { names, search, kind });
  const data = page.rows.flatMap((row) => presentUsable(row, usable.get(row.name)) ?? []);
  return { data, next_cursor: page.nextCursor };
}

/** Throws HeadgateError not_found, also for a model that is there for others. */
export async function readFromCatalogue(context: AdminContext, userId: string, id: string): Promise<CatalogueModelBody> {
  const row = found(await context.database().models.get(id), "model");
  return found(presentUsable(row, usableBy(context, userId).get(row.name)), "model");
}

function usableBy(context: AdminContext, userId: string): Map<string, UsableModel> {
  const usable = context.usableModels(userId);
  // Before the first snapshot, which waits for the database.
  if (usable === null) throw databaseUnavailable();
  return new Map(usable.map((model) => [model.name, model]));
}

function presentUsable(row: ModelRow, usable: UsableModel | undefined): CatalogueModelBody | null {
  if (usable === undefined) return null;
  const { id, name, kind, limits } = row;
  return { id, name, kind: kind === "virtual" ? "virtual" : "pool", limits: presentLimits(limits), status: usable.status };
}
