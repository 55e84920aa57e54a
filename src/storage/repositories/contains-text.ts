// Search in lists: a text within columns, in upper or lower case of any script, by the same rule in both engines.
import { sql } from "kysely";
import type { Engine } from "../ports/storage.ts";
import { storable } from "../storable.ts";

/**
 * That one of the columns contains `text`. Neither engine folds the case of more than ASCII by itself (PostgreSQL would by the locale of
 * its database): each letter is looked for as the set of its own forms, by `glob` in the one and a regular expression in the other.
 * Everything that is a sign in these patterns stands for itself.
 */
export function containsText(engine: Engine, columns: readonly string[], text: string) {
  const letters = [...storable(text)].map(formsOf);
  const pattern = engine === "postgres" ? letters.map(inRegExp).join("") : `*${letters.map(inGlob).join("")}*`;
  const operator = sql.raw(engine === "postgres" ? "~" : "glob");
  const found = columns.map((column) => sql<boolean>`${sql.ref(column)} ${operator} ${pattern}`);
  return sql<boolean>`(${sql.join(found, sql` or `)})`;
}

/** The character, and the others that differ from it in case alone; not those that are longer in the other case, as ß is. */
function formsOf(character: string): string[] {
  const upper = character.toUpperCase();
  const forms = [character, upper, character.toLowerCase(), upper.toLowerCase()];
  return [...new Set(forms)].filter((form) => [...form].length === 1);
}

function inGlob(forms: string[]): string {
  const [character] = forms as [string];
  return forms.length > 1 || /[*?[]/.test(character) ? `[${forms.join("")}]` : character;
}

function inRegExp(forms: string[]): string {
  const [character] = forms as [string];
  if (forms.length > 1) return `[${forms.join("")}]`;
  return /[\p{L}\p{N}\s_]/u.test(character) || character.length > 1 ? character : `\\u${hex(character)}`;
}

function hex(character: string): string {
  return character.charCodeAt(0).toString(16).padStart(4, "0");
}
