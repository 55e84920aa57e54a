// Finds the models of one endpoint that can't all have the public names they want.

export interface NameConflict {
  /** The upstream id. */
  model: string;
  /** The public name it wants. */
  alias: string;
  reason: string;
}

export type Aliases = Readonly<Record<string, string>>;

/** The public name of an upstream model: its alias, else its id. */
export function publicNameOf(id: string, aliases: Aliases): string {
  return Object.hasOwn(aliases, id) ? (aliases[id] as string) : id;
}

/**
 * All claims that collide: with another claim, with a name that another model of the endpoint already holds (`taken`:
 * name → upstream id), or with a virtual model's name. Of claims that collide with each other none is preferred: either
 * choice would silently answer calls for one model by another.
 */
export function nameConflicts(
  claims: Iterable<{ model: string; name: string }>,
  reservedNames: ReadonlySet<string>,
  taken: ReadonlyMap<string, string> = new Map(),
): NameConflict[] {
  const modelsByName = new Map<string, string[]>();
  for (const { model, name } of claims) {
    const models = modelsByName.get(name);
    if (models === undefined) modelsByName.set(name, [model]);
    else models.push(model);
  }
  const conflicts: NameConflict[] = [];
  for (const [alias, models] of modelsByName) {
    const holder = taken.get(alias);
    for (const model of models) {
      const others = models.filter((other) => other !== model);
      let reason: string | null = null;
      if (reservedNames.has(alias)) reason = `'${alias}' is the name of a virtual model`;
      else if (holder !== undefined && holder !== model)
        reason = `'${alias}' is already the name of this endpoint's model '${holder}'`;
      else if (others.length > 0) reason = `'${alias}' would also be the name of this endpoint's ${listed(others)}`;
      if (reason !== null) conflicts.push({ model, alias, reason });
    }
  }
  return conflicts;
}

function listed(models: string[]): string {
  const shown = models.slice(0, 3).map((model) => `'${model}'`);
  return `model ${shown.join(", ")}${models.length > 3 ? ` and ${models.length - 3} more` : ""}`;
}
