// A row of captured bodies: redacted, then encrypted for their request alone.
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Cipher } from "../../core/cipher.ts";
import type { CapturedBodies, CapturedBody } from "../../domain/captured-bodies.ts";
import type { RequestBodyRow } from "../../storage/ports/request-bodies.ts";
import type { CleanBodies } from "./clean-body.ts";

type Side = "request" | "response";

/** What a body's text is bound to. */
export function bodyContext(requestId: string, side: Side): string {
  return `request:${requestId}:${side}_body`;
}

interface Sealed {
  text: string | null;
  type: string | null;
  bytes: number | null;
  truncated: number;
}

const nothing: Sealed = { text: null, type: null, bytes: null, truncated: 0 };

/** Calls go on between one body and the other. */
export async function sealBodies(cipher: Cipher, clean: CleanBodies, bodies: CapturedBodies): Promise<RequestBodyRow> {
  const kinds = new Set<string>();
  const seal = async (body: CapturedBody | null, side: Side): Promise<Sealed> => {
    if (body === null) return nothing;
    await nextTurn();
    const wanted = { secrets: bodies.secrets, redact: new Set(bodies.keeping.redact) };
    const { text, isCut, kinds: found } = await clean(body, wanted);
    const about = { type: mediaTypeOf(body.contentType), bytes: body.length, truncated: isCut ? 1 : 0 };
    if (text === null) return { text: null, ...about };
    for (const kind of found) kinds.add(kind);
    return { text: cipher.encrypt(text, bodyContext(bodies.requestId, side)), ...about };
  };
  const request = await seal(bodies.request, "request");
  const response = await seal(bodies.response, "response");
  return {
    request_id: bodies.requestId,
    request_started_at: bodies.requestStartedAtMs,
    key_id: bodies.keyId,
    user_id: bodies.userId,
    group_id: bodies.groupId,
    request_body: request.text,
    request_type: request.type,
    request_bytes: request.bytes,
    request_truncated: request.truncated,
    response_body: response.text,
    response_type: response.type,
    response_bytes: response.bytes,
    response_truncated: response.truncated,
    redacted: JSON.stringify([...kinds].sort()),
    expires_at: bodies.requestStartedAtMs + bodies.keeping.retentionMs,
  };
}

/** Without parameters, which may be anything. */
function mediaTypeOf(contentType: string): string | null {
  return /^\s*([\w!#$&^.+-]{1,60}\/[\w!#$&^.+-]{1,60})\s*(?:;|$)/.exec(contentType)?.[1]?.toLowerCase() ?? null;
}
