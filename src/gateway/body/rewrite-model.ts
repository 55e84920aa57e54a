// Turns the caller's JSON body into the upstream's: the same bytes but for the model, and the wish for usage where it is ours.
import type { ScannedBody, ScannedStreamOptions } from "./scanned-body.ts";
import { type Edit, spliceChunks } from "./splice-chunks.ts";

export interface RewrittenBody {
  /** Shares the memory of the caller's chunks. */
  chunks: Buffer[];
  bytes: number;
  /** True when the caller did not ask for `include_usage` and the upstream now is: the extra chunk has to be withheld. */
  includeUsageAdded: boolean;
}

/**
 * Replaces the value of `model` unless it says `upstreamModel` already (then not even its spelling changes). With
 * `includeUsage`, asks for `stream_options.include_usage` too, unless the body asks for it or its `stream_options` is of a
 * shape that only the upstream can judge (no object, or a key twice).
 */
export function rewriteModel(
  chunks: readonly Buffer[],
  scanned: ScannedBody,
  upstreamModel: string,
  includeUsage: boolean,
): RewrittenBody {
  const edits: Edit[] = [];
  if (scanned.model !== upstreamModel) {
    edits.push({ start: scanned.modelStart, end: scanned.modelEnd, bytes: Buffer.from(JSON.stringify(upstreamModel)) });
  }
  const usageEdit = includeUsage ? includeUsageEdit(scanned) : null;
  if (usageEdit !== null) edits.push(usageEdit);
  if (edits.length === 0) return { chunks: [...chunks], bytes: scanned.bytes, includeUsageAdded: false };
  edits.sort((a, b) => a.start - b.start || a.end - b.end);
  return { ...spliceChunks(chunks, edits), includeUsageAdded: usageEdit !== null };
}

function includeUsageEdit(scanned: ScannedBody): Edit | null {
  const options = scanned.streamOptions;
  if (options === null) return insertion(scanned.modelEnd, ',"stream_options":{"include_usage":true}');
  if (options.duplicate || options.includeUsage === true) return null;
  if (options.kind === "null") return { start: options.start, end: options.end, bytes: Buffer.from('{"include_usage":true}') };
  return options.kind === "object" ? includeUsageIn(options) : null;
}

function includeUsageIn(options: ScannedStreamOptions): Edit {
  if (options.includeUsageStart !== -1) {
    return { start: options.includeUsageStart, end: options.includeUsageEnd, bytes: Buffer.from("true") };
  }
  return insertion(options.innerStart, options.isEmpty ? '"include_usage":true' : '"include_usage":true,');
}

function insertion(at: number, text: string): Edit {
  return { start: at, end: at, bytes: Buffer.from(text) };
}
