// A captured body as it may be stored: its text, with everything taken out that must not be.
import type { CapturedBody } from "../../domain/captured-bodies.ts";
import { bodyTextOf } from "./body-text.ts";
import { redactBody } from "./redact-body.ts";
import type { Wanted } from "./sensitive-texts.ts";

export interface CleanBody {
  /** Null: bytes that are no text. */
  text: string | null;
  /** The body goes on behind it. */
  isCut: boolean;
  /** Of what something was replaced. */
  kinds: readonly string[];
}

export type CleanBodies = (body: CapturedBody, wanted: Wanted) => Promise<CleanBody>;

/** Takes some milliseconds where there is much: a matter for another thread. */
export async function cleanBody(body: CapturedBody, wanted: Wanted): Promise<CleanBody> {
  const { text, isCut } = await bodyTextOf(body);
  if (text === null) return { text, isCut, kinds: [] };
  const redacted = redactBody(text, { ...wanted, isCut });
  return { text: redacted.text, isCut, kinds: [...redacted.kinds] };
}
