// Takes out of a body's text what must not be stored: credentials always, and what its key or group names beside.
import type { Redaction } from "../../domain/body-keeping.ts";
import { type JsonLeaf, type Places, readJsonLeaves } from "./json-leaves.ts";
import { type Finding, findSensitive, type Kind, placeholders, type Wanted } from "./sensitive-texts.ts";

export interface Redacted {
  text: string;
  /** Of what something was replaced. */
  kinds: Set<"credentials" | Redaction>;
}

interface Piece {
  start: number;
  end: number;
  text: string;
}

/** Fields that say what a message is, not what is in it, as long as they look like that. */
const structural = new Map<string, RegExp>([
  ...["role", "type", "object", "status", "finish_reason", "stop_reason", "finishReason"].map(
    (name) => [name, /^[A-Za-z_.-]{1,40}$/] as const,
  ),
  ...["id", "model"].map((name) => [name, /^[\w.:/@-]{1,100}$/] as const),
]);

/** What a cut at its end may have left of a credential is that long at most. */
const tokenLengthMax = 4096;

/** `isCut`: the body went on behind `text`. */
export function redactBody(text: string, { isCut, secrets, redact }: Wanted & { isCut: boolean }): Redacted {
  const wanted = { secrets, redact };
  const whole = isCut ? text.slice(0, endWithoutHalves(text, secrets)) : text;
  const kinds: Redacted["kinds"] = new Set();
  const { leaves, others } = read(whole);
  const pieces = redact.has("content") ? contentPieces(whole, leaves, others, kinds) : [];
  const covered = new Set(pieces.map(({ start }) => start));
  pieces.push(
    ...leafPieces(
      leaves.filter(({ start }) => !covered.has(start)),
      wanted,
      kinds,
    ),
  );
  pieces.sort((a, b) => a.start - b.start);
  // Names of fields, and what is no JSON.
  return { text: withoutFindings(put(whole, pieces), wanted, kinds), kinds };
}

/** The end of `text` less a token, a number or a known secret of which only the beginning may be there. */
function endWithoutHalves(text: string, secrets: readonly string[]): number {
  let end = text.length;
  const least = Math.max(0, end - tokenLengthMax);
  while (end > least && !/[\s"',]/.test(text[end - 1] as string)) end--;
  while (end > least && /[\d ().+-]/.test(text[end - 1] as string)) end--;
  for (const secret of secrets) {
    for (let length = secret.length - 1; length > 0; length--) {
      if (!text.endsWith(secret.slice(0, length))) continue;
      end = Math.min(end, text.length - length);
      break;
    }
  }
  return end;
}

interface Reading {
  leaves: JsonLeaf[];
  /** What is neither JSON nor the frame of a stream's events. */
  others: [number, number][];
}

function read(text: string): Reading {
  const leaves: JsonLeaf[] = [];
  const others: [number, number][] = [];
  const places: Places = new Map();
  const readJson = (from: number, to: number) => {
    const reading = readJsonLeaves(text, from, to, places);
    for (const leaf of reading.leaves) leaves.push(leaf);
    if (reading.end < to) others.push([reading.end, to]);
  };
  if (/^\s*[{["]/.test(text)) readJson(0, text.length);
  else if (/^\uFEFF?(?:[\r\n]*)(?:data|event|id|retry)?:/.test(text)) readEvents(text, readJson, others);
  else if (text !== "") others.push([0, text.length]);
  return { leaves, others };
}

/** The lines of an event stream: what follows `data:` is JSON, or the end. */
function readEvents(text: string, readJson: (from: number, to: number) => void, others: [number, number][]): void {
  const line = /[^\r\n]+/g;
  for (const { 0: content, index } of text.matchAll(line)) {
    const data = /^data: ?/.exec(content)?.[0].length;
    if (data !== undefined) {
      if (content.slice(data) !== "[DONE]") readJson(index + data, index + content.length);
    } else if (!/^(?:event|id|retry): ?[\w.-]{0,60}$/.test(content)) others.push([index, index + content.length]);
  }
}

/** Every text by its length; what says how a message is made stays. */
function contentPieces(
  text: string,
  leaves: readonly JsonLeaf[],
  others: readonly [number, number][],
  kinds: Redacted["kinds"],
): Piece[] {
  const pieces: Piece[] = [];
  for (const { kind, name, value, start, end, isFree } of leaves) {
    if (kind === "number") {
      // Tokens, embeddings and bytes of text come as lists of numbers.
      if (name === "" || isFree) pieces.push({ start, end, text: "0" });
    } else if (value !== "" && (isFree || structural.get(name)?.test(value) !== true)) {
      pieces.push({ start, end, text: `"${lengthOf(value)}"` });
    }
  }
  for (const [start, end] of others) pieces.push({ start, end, text: lengthOf(text.slice(start, end)) });
  if (pieces.length > 0) kinds.add("content");
  return pieces;
}

function lengthOf(text: string): string {
  return `[${text.length} ${text.length === 1 ? "character" : "characters"}]`;
}

/** What belongs together is looked through as one text: a stream may have cut a key into any number of pieces. */
function leafPieces(leaves: readonly JsonLeaf[], wanted: Wanted, kinds: Redacted["kinds"]): Piece[] {
  const streams = new Map<string, JsonLeaf[]>();
  for (const leaf of leaves) {
    // A number is whole where it stands, and few could be a card's.
    if (leaf.kind === "number" && !(wanted.redact.has("card_numbers") && /^\d{13,19}$/.test(leaf.value))) continue;
    const key = leaf.kind === "number" ? `#${leaf.start}` : leaf.stream;
    const stream = streams.get(key);
    if (stream === undefined) streams.set(key, [leaf]);
    else stream.push(leaf);
  }
  const pieces: Piece[] = [];
  for (const stream of streams.values()) {
    const text = stream.length === 1 ? (stream[0] as JsonLeaf).value : stream.map(({ value }) => value).join("");
    const findings = findSensitive(text, wanted);
    if (findings.length === 0) continue;
    note(findings, kinds);
    let offset = 0;
    // Both are in order: what is behind one value is behind all.
    let next = 0;
    for (const { value, start, end } of stream) {
      while (next < findings.length && (findings[next] as Finding).end <= offset) next++;
      let last = next;
      while (last < findings.length && (findings[last] as Finding).start < offset + value.length) last++;
      const inside = findings.slice(next, last);
      if (inside.length > 0) pieces.push({ start, end, text: JSON.stringify(withPlaceholders(value, inside, offset)) });
      offset += value.length;
    }
  }
  return pieces;
}

/** `value` is at `offset` of the text that the findings are about. A placeholder is where a finding begins. */
function withPlaceholders(value: string, findings: readonly Finding[], offset: number): string {
  let text = "";
  let at = 0;
  for (const { kind, start, end } of findings) {
    text += value.slice(at, Math.max(at, start - offset));
    if (start >= offset) text += placeholders[kind];
    at = Math.min(value.length, end - offset);
  }
  return text + value.slice(at);
}

function withoutFindings(text: string, wanted: Wanted, kinds: Redacted["kinds"]): string {
  const findings = findSensitive(text, wanted);
  note(findings, kinds);
  return findings.length === 0 ? text : withPlaceholders(text, findings, 0);
}

function note(findings: readonly { kind: Kind }[], kinds: Redacted["kinds"]): void {
  for (const { kind } of findings) kinds.add(kind);
}

/** Pieces in order of their places. */
function put(text: string, pieces: readonly Piece[]): string {
  if (pieces.length === 0) return text;
  const parts: string[] = [];
  let at = 0;
  for (const piece of pieces) {
    parts.push(text.slice(at, piece.start), piece.text);
    at = piece.end;
  }
  parts.push(text.slice(at));
  return parts.join("");
}
