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
  return conflictsAmong(selection === "all" ? Object.keys(aliases) : selection, aliases, reservedNames);
}

/**
 * The conflicts that the models a provider lists would have at a new endpoint, those of the configuration included. A
 * listed model whose own id is the name of a virtual one is none: nobody asked for it, and the synchronisation reports it.
 */
export function listingConflicts(rules: NameRules, listed: readonly string[]): NameConflict[] {
  const selected = listed.filter(selectionTest(rules.selection));
  const ofListing = conflictsAmong(selected, rules.aliases, rules.reservedNames).filter(({ model, alias }) => model !== alias);
  return eachOnce([...ofListing, ...staticConflicts(rules)]);
}

/** The conflicts that an endpoint's existing models would have under changed rules, those of the configuration included. */
export function conflictsOfChange(rules: NameRules, existing: readonly string[]): NameConflict[] {
  return eachOnce([...conflictsAmong(existing, rules.aliases, rules.reservedNames), ...staticConflicts(rules)]);
}

function conflictsAmong(ids: readonly string[], aliases: Aliases, reservedNames: ReadonlySet<string>): NameConflict[] {
  const claims = [...new Set(ids)].map((model) => ({ model, name: publicNameOf(model, aliases) }));
  // Where an alias meets another model's own id, the alias is what has to change.
  return nameConflicts(claims, reservedNames).filter(({ model, alias }) => model !== alias || reservedNames.has(alias));
}

function eachOnce(conflicts: readonly NameConflict[]): NameConflict[] {
  return [...new Map(conflicts.map((conflict) => [conflict.model, conflict])).values()];
}
