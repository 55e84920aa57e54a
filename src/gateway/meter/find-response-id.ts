// Finds the id under which a provider keeps an answer, in the beginning of its JSON: ids stand before everything that is long.
import { isResponseId } from "../../domain/response-owner.ts";
import { braceOpen, colon, comma, quote, skipSpace, stringEnd, valueEnd } from "../routing/step-over-json.ts";

const idKey = Buffer.from("id");
const objectKey = Buffer.from("object");
const responseKey = Buffer.from("response");

/** The `id` of an answer whose `object` is "response", as far as `head`, its beginning, goes; null when it is none or unusable. */
export function responseIdOfAnswer(head: Buffer): string | null {
  const start = skipSpace(head, 0);
  const kind = textOf(head, start, objectKey);
  return kind === null || kind === "response" ? usable(textOf(head, start, idKey)) : null;
}

/** The `id` in the `response` that an event of a stream carries. */
export function responseIdOfEvent(data: Buffer): string | null {
  const at = memberAt(data, skipSpace(data, 0), responseKey);
  return at === -1 ? null : usable(textOf(data, at, idKey));
}

function usable(id: string | null): string | null {
  return id !== null && isResponseId(id) ? id : null;
}

/** The text of a member of the object at `start`; null when it has none that is a text. */
function textOf(bytes: Buffer, start: number, key: Buffer): string | null {
  const at = memberAt(bytes, start, key);
  if (at === -1 || bytes[at] !== quote) return null;
  const end = stringEnd(bytes, at + 1);
  return end === -1 ? null : bytes.toString("utf8", at + 1, end);
}

/** Where the value of a member of the object at `start` begins; -1 when it is not in `bytes`. Keys with escapes are missed. */
function memberAt(bytes: Buffer, start: number, key: Buffer): number {
  if (bytes[start] !== braceOpen) return -1;
  let at = skipSpace(bytes, start + 1);
  while (bytes[at] === quote) {
    const keyStart = at + 1;
    const keyEnd = stringEnd(bytes, keyStart);
    if (keyEnd === -1) return -1;
    at = skipSpace(bytes, keyEnd + 1);
    if (bytes[at] !== colon) return -1;
    at = skipSpace(bytes, at + 1);
    if (keyEnd - keyStart === key.length && bytes.compare(key, 0, key.length, keyStart, keyEnd) === 0) return at;
    at = valueEnd(bytes, at);
    if (at === -1) return -1;
    at = skipSpace(bytes, at);
    if (bytes[at] !== comma) return -1;
    at = skipSpace(bytes, at + 1);
  }
  return -1;
}
