// From the name that people type to the resource that the API knows by its id.
import { CommandFailed } from "../command.ts";
import type { AdminClient } from "./admin-client.ts";
import { ApiRefusal } from "./api-refusal.ts";
import { printable } from "./printable.ts";

interface Named {
  id: string;
  name: string;
}

interface Kind<Item> {
  /** `/keys`. */
  path: string;
  /** "key". */
  noun: string;
  /** What ids begin with: `key_`. */
  prefix: string;
  /** What people may type. Default: the name. */
  names?(item: Item): (string | null | undefined)[];
  /** Tells items of one name apart. */
  hint?(item: Item): string;
}

/** A search takes 200 UTF-16 units; names may be longer. */
const searchLengthMax = 100;

/** The one item with this id or name. Throws CommandFailed when there is none, or more than one. */
export async function resolveName<Item extends Named>(client: AdminClient, kind: Kind<Item>, text: string): Promise<Item> {
  if (text.startsWith(kind.prefix)) {
    const item = await byId<Item>(client, kind, text);
    if (item !== null) return item;
  }
  const namesOf = kind.names ?? (({ name }: Item) => [name]);
  const search = [...text].slice(0, searchLengthMax).join("");
  const matching = (await client.list<Item>(kind.path, { search })).filter((item) => namesOf(item).includes(text));
  const [only, ...others] = matching;
  if (only === undefined) throw new CommandFailed(`There is no ${kind.noun} with the name or id ${printable(text)}.`);
  if (others.length === 0) return only;
  const lines = matching.map((item) => `  ${item.id}  ${printable(kind.hint?.(item) ?? item.name)}`);
  throw new CommandFailed(
    [`There are ${matching.length} ${kind.noun}s with the name ${printable(text)}. Name one by its id:`, ...lines].join("\n"),
  );
}

/** Null: there is none. */
async function byId<Item>(client: AdminClient, { path }: Kind<Item>, id: string): Promise<Item | null> {
  try {
    return (await client.get<Item>(`${path}/${encodeURIComponent(id)}`)).body;
  } catch (error) {
    if (error instanceof ApiRefusal && error.status === 404) return null;
    throw error;
  }
}
