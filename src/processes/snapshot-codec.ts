// Snapshots and patches as values that cross to another process. Serialized here, in pieces: once for all workers, and each of them reads
// the pieces one by one, so that ten thousand keys hold up no call.
import { deserialize, serialize } from "node:v8";
import type { SnapshotContent, SnapshotPatch } from "../domain/snapshot.ts";
import { listsOfRows, rowsOf, type SnapshotRows } from "../domain/snapshot-rows.ts";

/** About two milliseconds to read. */
const rowsPerPiece = 200;

type RoutingPatch = Extract<SnapshotPatch, { part: "routing" }>;

/** With credentials in the open: for a channel in a folder of this user alone, never for a log. */
export interface EncodedContent extends Pick<SnapshotContent, "version" | "builtAtMs"> {
  pieces: Buffer[];
}

export type EncodedPatch = Exclude<SnapshotPatch, RoutingPatch> | (Pick<RoutingPatch, "part" | "version"> & { pieces: Buffer[] });

export function encodeContent(content: SnapshotContent): EncodedContent {
  return { version: content.version, builtAtMs: content.builtAtMs, pieces: piecesOf(content) };
}

/** At once. */
export function decodeContent({ version, builtAtMs, pieces }: EncodedContent): SnapshotContent {
  return { version, builtAtMs, ...listsOfRows(pieces.map(rowsOfPiece)) };
}

/** The same, giving way to what else there is to do after each piece. */
export async function decodeContentInTurns({ version, builtAtMs, pieces }: EncodedContent): Promise<SnapshotContent> {
  return { version, builtAtMs, ...listsOfRows(await readInTurns(pieces)) };
}

export function encodePatch(patch: SnapshotPatch): EncodedPatch {
  return patch.part === "routing" ? { part: patch.part, version: patch.version, pieces: piecesOf(patch) } : patch;
}

/** At once. */
export function decodePatch(encoded: EncodedPatch): SnapshotPatch {
  return encoded.part === "routing" ? routingOf(encoded, encoded.pieces.map(rowsOfPiece)) : encoded;
}

/** The same, giving way to what else there is to do after each piece. */
export async function decodePatchInTurns(encoded: EncodedPatch): Promise<SnapshotPatch> {
  return encoded.part === "routing" ? routingOf(encoded, await readInTurns(encoded.pieces)) : encoded;
}

function routingOf({ part, version }: Pick<RoutingPatch, "part" | "version">, rows: readonly SnapshotRows[]): RoutingPatch {
  const { endpoints, models, manifests } = listsOfRows(rows);
  return { part, version, endpoints, models, manifests };
}

function piecesOf(lists: Parameters<typeof rowsOf>[0]): Buffer[] {
  return Array.from(rowsOf(lists, rowsPerPiece), (rows) => serialize(rows));
}

function rowsOfPiece(piece: Buffer): SnapshotRows {
  return deserialize(piece) as SnapshotRows;
}

async function readInTurns(pieces: readonly Buffer[]): Promise<SnapshotRows[]> {
  const rows: SnapshotRows[] = [];
  for (const piece of pieces) {
    rows.push(rowsOfPiece(piece));
    await new Promise(setImmediate);
  }
  return rows;
}
