// The model row of a public name: pools come into being when the first deployment takes their name.
import { UniqueViolation } from "../../storage/ports/errors.ts";
import type { Repositories } from "../../storage/ports/storage.ts";
import { newModelRow } from "../new-model-row.ts";

/**
 * The id of the pool called `name`, created if there is none. The caller has made sure that no virtual model has the
 * name; throws UniqueViolation `model_name` when one has taken it since, so that the transaction is run again.
 */
export async function modelIdOfName({ models }: Repositories, name: string, nowMs: number): Promise<string> {
  const existing = await models.getByName(name);
  if (existing?.kind === "virtual") throw new UniqueViolation("model_name", new Error("a virtual model has taken the name"));
  if (existing !== null) return existing.id;
  const row = newModelRow(name, "pool", nowMs);
  await models.insert(row);
  return row.id;
}

/** The names of virtual models, which no deployment may take. */
export async function reservedNames({ models }: Repositories): Promise<Set<string>> {
  return new Set((await models.all()).filter(({ kind }) => kind === "virtual").map(({ name }) => name));
}
