// Which models of an endpoint are wanted, under which names, and what stands against it.

export interface ModelSelection {
  /** All that the provider lists, also later; or the chosen ones alone. */
  follows: "all" | "chosen";
  chosen: ReadonlySet<string>;
  /** Upstream id → public name, as typed; "" is none. */
  aliases: Readonly<Record<string, string>>;
  /** Models that the provider does not list. */
  typed: readonly { model: string; alias: string }[];
}

export const emptySelection: ModelSelection = { follows: "all", chosen: new Set(), aliases: {}, typed: [] };

/** Names that are taken in this installation. */
export interface ExistingNames {
  virtual: ReadonlySet<string>;
  pools: ReadonlySet<string>;
}

export interface NameRemark {
  /** Wrong: it can't be made so. Left out: everything else can. Pool: nothing is wrong. */
  kind: "wrong" | "left out" | "pool";
  text: string;
}

/** The wanted models with the names that callers will use. */
export function wantedNames(selection: ModelSelection, listed: readonly string[]): { model: string; name: string }[] {
  const fromList = selection.follows === "all" ? listed : listed.filter((id) => selection.chosen.has(id));
  const typed = selection.typed.filter(({ model }) => model.trim() !== "");
  return [
    ...fromList.map((model) => ({ model, name: selection.aliases[model]?.trim() || model })),
    ...typed.map(({ model, alias }) => ({ model: model.trim(), name: alias.trim() || model.trim() })),
  ];
}

/** What is to be said of wanted models, by upstream id. */
export function nameRemarks(selection: ModelSelection, listed: readonly string[], existing: ExistingNames) {
  const wanted = wantedNames(selection, listed);
  const modelsByName = new Map<string, string[]>();
  for (const { model, name } of wanted) modelsByName.set(name, [...(modelsByName.get(name) ?? []), model]);
  const remarks = new Map<string, NameRemark>();
  for (const { model, name } of wanted) {
    const remark = remarkOf(model, name, modelsByName.get(name) ?? [], selection, existing);
    if (remark !== null) remarks.set(model, remark);
  }
  return remarks;
}

function remarkOf(
  model: string,
  name: string,
  models: readonly string[],
  { follows }: ModelSelection,
  existing: ExistingNames,
): NameRemark | null {
  if (models.length > 1) {
    const others = models.filter((other) => other !== model);
    if (others.length === 0) return { kind: "wrong", text: `“${model}” is here twice.` };
    return { kind: "wrong", text: `“${name}” would also be the name of “${others[0]}”. Give one of them another name.` };
  }
  if (existing.virtual.has(name)) {
    if (follows === "all" && name === model) {
      return { kind: "left out", text: `“${name}” is a virtual model: this one is left out until it has another name.` };
    }
    return { kind: "wrong", text: `“${name}” is the name of a virtual model. Choose another one.` };
  }
  if (existing.pools.has(name)) {
    return { kind: "pool", text: `Other endpoints have “${name}” too: calls of it are shared among them.` };
  }
  return null;
}

/** The aliases that say something, of the models that are wanted. */
export function aliasesOf({ follows, chosen, aliases }: ModelSelection): Record<string, string> {
  const told = Object.entries(aliases).filter(([model, name]) => name.trim() !== "" && name.trim() !== model);
  const wanted = follows === "all" ? told : told.filter(([model]) => chosen.has(model));
  return Object.fromEntries(wanted.map(([model, name]) => [model, name.trim()]));
}
