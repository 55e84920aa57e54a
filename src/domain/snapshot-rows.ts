// Snapshots as plain values, in pieces of a few rows each: to be written to a file, or sent to another process, while calls go on in between.
import { Secret } from "../core/secret.ts";
import type { EndpointView, SnapshotContent } from "./snapshot.ts";

const lists = ["keys", "users", "groups", "endpoints", "models", "manifests"] as const;
type List = (typeof lists)[number];

/** All lists of a snapshot, or those of a part of it. */
type SnapshotLists = Pick<SnapshotContent, List>;

/** Some rows of one list: nothing but strings, numbers, booleans, null, plain objects and arrays. Credentials are in the open. */
export type SnapshotRows = readonly [list: List, rows: readonly unknown[]];

type PlainEndpoint = Omit<EndpointView, "credential"> & { credential: string | null };

/** At most `rowsMax` rows in each piece; made one by one as they are asked for. */
export function* rowsOf(content: Partial<SnapshotLists>, rowsMax: number): Generator<SnapshotRows> {
  for (const list of lists) {
    const rows = content[list] ?? [];
    for (let at = 0; at < rows.length; at += rowsMax) {
      const some = rows.slice(at, at + rowsMax);
      yield [list, list === "endpoints" ? (some as EndpointView[]).map(plainEndpoint) : some];
    }
  }
}

/** What `rowsOf` has made these pieces of, in their order; lists that it had no rows of are empty. */
export function listsOfRows(pieces: Iterable<SnapshotRows>): SnapshotLists {
  const rows: Record<List, unknown[]> = { keys: [], users: [], groups: [], endpoints: [], models: [], manifests: [] };
  for (const [list, some] of pieces) for (const row of some) rows[list].push(row);
  return { ...(rows as unknown as SnapshotLists), endpoints: (rows.endpoints as PlainEndpoint[]).map(endpointOfPlain) };
}

function plainEndpoint(endpoint: EndpointView): PlainEndpoint {
  return { ...endpoint, credential: endpoint.credential?.expose() ?? null };
}

function endpointOfPlain(plain: PlainEndpoint): EndpointView {
  return { ...plain, credential: plain.credential === null ? null : new Secret(plain.credential) };
}
