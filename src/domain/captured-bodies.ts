// The bodies of one call, as the data plane hands them over to be kept.
import type { BodyKeeping } from "./body-keeping.ts";

export interface CapturedBody {
  /** As the header says; "" when there is none. */
  contentType: string;
  /** How `bytes` are compressed, as `content-encoding` says; "": not at all. */
  encoding: string;
  /** The beginning, as it was sent. */
  bytes: Buffer;
  /** Of the whole body. */
  length: number;
}

export interface CapturedBodies {
  requestId: string;
  requestStartedAtMs: number;
  keyId: string | null;
  userId: string | null;
  groupId: string;
  keeping: BodyKeeping;
  /** Null: there was none. */
  request: CapturedBody | null;
  response: CapturedBody | null;
  /** Credentials that played a part in the call, whatever they look like. */
  secrets: readonly string[];
  /** What was reserved for them. */
  reservedBytes: number;
}

/** Of each body; what comes behind it is counted alone. */
export const capturedBytesMax = 256 * 1024;
