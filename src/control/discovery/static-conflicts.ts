// Conflicts of names that are known before a provider is asked, or from its list before anything is written.
import { type Aliases, type NameConflict, nameConflicts, publicNameOf } from "./name-conflicts.ts";
import { type Selection, selectionTest } from "./selection.ts";

export interface NameRules {
  selection: Selection;
  aliases: Aliases;
  /** Names of virtual models. */
  reservedNames: ReadonlySet<string>;
}

/** The conflicts that a configuration has whatever the provider lists, all of them; each entry is one alias (or pinned id) to mend. */
export function staticConflicts({ selection, aliases, reservedNames }: NameRules): NameConflict[] {
  return conflictsAmong(selection === "all" ? Object.keys(aliases) : selection, { selection, aliases, reservedNames });
}

/** The conflicts that the models a provider lists would have at a new endpoint, those of the configuration included. */
export function listingConflicts(rules: NameRules, listed: readonly string[]): NameConflict[] {
  const found = new Map<string, NameConflict>();
  for (const conflict of [...conflictsAmong(listed, rules), ...staticConflicts(rules)]) found.set(conflict.model, conflict);
  return [...found.values()];
}

function conflictsAmong(ids: readonly string[], { selection, aliases, reservedNames }: NameRules): NameConflict[] {
  const isSelected = selectionTest(selection);
  const claims = [...new Set(ids)].filter(isSelected).map((model) => ({ model, name: publicNameOf(model, aliases) }));
  // Where an alias meets another model's own id, the alias is what has to change.
  return nameConflicts(claims, reservedNames).filter(({ model, alias }) => model !== alias || reservedNames.has(alias));
}
