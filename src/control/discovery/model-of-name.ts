// The model row of a public name: pools come into being when the first deployment takes their name.
import { newId } from "../../core/ids.ts";
import type { Repositories } from "../../storage/port.ts";

/** The id of the pool called `name`, created if there is none. The caller has made sure that no virtual model has the name. */
export async function modelIdOfName({ models }: Repositories, name: string, nowMs: number): Promise<string> {
  const existing = await models.getByName(name);
  if (existing !== null) return existing.id;
  const id = newId("mdl");
  await models.insert({ id, name, kind: "pool", created_at: nowMs, updated_at: nowMs, version: 1 });
  return id;
}

/** The names of virtual models, which no deployment may take. */
export async function reservedNames({ models }: Repositories): Promise<Set<string>> {
  return new Set((await models.all()).filter(({ kind }) => kind === "virtual").map(({ name }) => name));
}
