// What a call says about which calls it belongs with, for `affinity`.
import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { ReceivedBody } from "../receive-body.ts";
import { promptOpening } from "./prompt-opening.ts";

/**
 * The session as a text, in this order: the header `x-headgate-session`; the body's `user`, `metadata.user_id`,
 * `prompt_cache_key`; a hash of how the prompt begins, so that the prompt caches of providers and of vLLM are hit again. Null
 * when the call has none of them: no body, a form, a body without a prompt. Reads as far as the first message: ask for it
 * under `affinity` alone.
 */
export function sessionOf(headers: IncomingHttpHeaders, body: Pick<ReceivedBody, "chunks" | "json"> | null): string | null {
  const header = String(headers["x-headgate-session"] ?? "").trim();
  if (header !== "") return header;
  if (body === null) return null;
  const named = body.json?.user || body.json?.metadataUserId || body.json?.promptCacheKey;
  if (named) return named;
  const opening = promptOpening(body.chunks);
  return opening === null ? null : createHash("sha1").update(opening).digest("base64url");
}
