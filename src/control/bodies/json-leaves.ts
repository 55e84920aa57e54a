// Finds the strings and numbers of JSON texts with their places, without building what they are part of; takes texts that are cut off.

/** A value that holds no others. */
export interface JsonLeaf {
  kind: "string" | "number";
  /** In the text, quotation marks included. */
  start: number;
  end: number;
  /** Of a string: unescaped. */
  value: string;
  /** The name it has in its object; "" in an array. */
  name: string;
  /** What of several texts belongs together, such as the pieces of one answer of a stream: its place. */
  stream: string;
  /** In what a tool gets or gives, or callers put beside a message: names of fields there are anybody's. */
  isFree: boolean;
}

export interface JsonReading {
  leaves: JsonLeaf[];
  /** Up to where the text is JSON; behind that nothing was looked at. */
  end: number;
}

/** A container that is open. */
interface Frame {
  parent: Frame | null;
  isArray: boolean;
  isFree: boolean;
  /** Where it is in its parent. */
  step: string;
  /** What its own fields say of its place. */
  labels: string;
  /** Stands for all that is at the same place; null: not known yet. */
  place: number | null;
  /** Of an array: elements so far. */
  elements: number;
  name: string;
  awaits: "name" | "colon" | "value" | "comma";
}

interface Found {
  leaf: JsonLeaf;
  frame: Frame | null;
}

/** Deeper ones are not read: nobody's messages are. */
const depthMax = 200;
/** Fields by which the pieces of a stream say what they are pieces of. */
const placeNames = new Set(["index", "output_index", "content_index"]);

/** Objects under these names. */
const freeNames = new Set(["args", "arguments", "function_response", "functionResponse", "input", "metadata"]);

const scalar = /[-+.\w]+/y;

/** Numbers for the ways to values: the ways themselves, with names as long as the text, would take more memory than there is. */
export type Places = Map<string, number>;

/** Reads all JSON values between `from` and `to`, one behind the other. `places`: one for all that may belong together. */
export function readJsonLeaves(text: string, from: number, to: number, places: Places): JsonReading {
  const found: Found[] = [];
  let frame: Frame | null = null;
  let depth = 0;
  let at = from;
  let end = to;
  while (at < to) {
    const sign = text[at] as string;
    if (sign <= " " || sign === "\ufeff") {
      at++;
      continue;
    }
    if (!fits(frame, sign)) {
      end = at;
      break;
    }
    if (sign === "{" || sign === "[") {
      if (++depth > depthMax) {
        end = at;
        break;
      }
      frame = open(frame, sign === "[");
      at++;
    } else if (sign === "}" || sign === "]") {
      frame = (frame as Frame).parent;
      depth--;
      at++;
    } else if (sign === ":" || sign === ",") {
      const inside = frame as Frame;
      inside.awaits = sign === ":" ? "value" : inside.isArray ? "value" : "name";
      at++;
    } else if (sign === '"') {
      const close = endOfString(text, at, to);
      const value = unescaped(text, at, close, to);
      if (frame !== null && frame.awaits === "name") {
        frame.name = value;
        frame.awaits = "colon";
      } else {
        found.push({ leaf: leafOf("string", at, close, value, frame), frame });
        took(frame, value);
      }
      at = close;
    } else {
      scalar.lastIndex = at;
      const word = (scalar.exec(text)?.[0] ?? "").slice(0, to - at);
      if (/^-?\d/.test(word)) found.push({ leaf: leafOf("number", at, at + word.length, word, frame), frame });
      took(frame, word);
      at += word.length;
    }
  }
  for (const { leaf, frame: of } of found) leaf.stream = of === null ? "" : `${placeOf(of, places)}/${leaf.stream}`;
  return { leaves: found.map(({ leaf }) => leaf), end };
}

/** Whether `sign` may come next. */
function fits(frame: Frame | null, sign: string): boolean {
  const isClose = sign === "}" || sign === "]";
  if (frame === null) return !isClose && sign !== ":" && sign !== "," && isValueStart(sign);
  const { awaits, isArray } = frame;
  if (isClose) return isArray === (sign === "]") && awaits !== "colon";
  if (awaits === "name") return sign === '"';
  if (awaits === "colon") return sign === ":";
  if (awaits === "comma") return sign === ",";
  return isValueStart(sign);
}

function isValueStart(sign: string): boolean {
  return sign === "{" || sign === "[" || sign === '"' || /[-\w]/.test(sign);
}

function open(parent: Frame | null, isArray: boolean): Frame {
  const step = stepIn(parent);
  took(parent, null);
  const isFree = parent !== null && (parent.isFree || (!isArray && !parent.isArray && freeNames.has(parent.name)));
  return { parent, isArray, isFree, step, labels: "", place: null, elements: 0, name: "", awaits: isArray ? "value" : "name" };
}

/** The elements of an outermost array follow one another as the events of a stream do. */
function stepIn(parent: Frame | null): string {
  if (parent === null) return "";
  if (!parent.isArray) return JSON.stringify(parent.name);
  return parent.parent === null ? "" : String(parent.elements);
}

/** A value has come in `frame`. */
function took(frame: Frame | null, value: string | null): void {
  if (frame === null) return;
  frame.awaits = "comma";
  frame.elements++;
  if (frame.isArray || value === null) return;
  const { name, parent } = frame;
  const isOutermost = parent === null || (parent.isArray && parent.parent === null);
  // A piece that says its `index` is at that, wherever it stands in its list; one that doesn't, where it stands.
  if (name === "index" && !isOutermost) frame.step = value;
  else if (placeNames.has(name) || (name === "type" && isOutermost)) frame.labels += `;${name}=${value}`;
}

function leafOf(kind: JsonLeaf["kind"], start: number, end: number, value: string, frame: Frame | null): JsonLeaf {
  const name = frame === null || frame.isArray ? "" : frame.name;
  return { kind, start, end, value, name, stream: stepIn(frame), isFree: frame?.isFree === true };
}

function placeOf(frame: Frame, places: Places): number {
  if (frame.place !== null) return frame.place;
  const way = `${frame.parent === null ? "" : placeOf(frame.parent, places)}/${frame.step}${frame.labels}`;
  frame.place = places.get(way) ?? places.size;
  places.set(way, frame.place);
  return frame.place;
}

/** Behind the closing quotation mark, or `to`. */
function endOfString(text: string, start: number, to: number): number {
  for (let at = start + 1; at < to; at++) {
    const sign = text[at];
    if (sign === "\\") at++;
    else if (sign === '"') return at + 1;
  }
  return to;
}

function unescaped(text: string, start: number, end: number, to: number): string {
  const isOpen = end === to && (text[end - 1] !== '"' || end - start < 2 || isEscaped(text, end - 1));
  const inner = text.slice(start + 1, isOpen ? end : end - 1);
  if (!inner.includes("\\")) return inner;
  // Of a string that is cut off, the last escape may be too.
  const whole = isOpen ? inner.replace(/\\(?:u[\da-fA-F]{0,3})?$/, "") : inner;
  try {
    return JSON.parse(`"${whole}"`) as string;
  } catch {
    return inner;
  }
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text[at - 1 - slashes] === "\\") slashes++;
  return slashes % 2 === 1;
}
