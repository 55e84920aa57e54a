// Takes in a request's body: bounded, scanned while it arrives, never parsed as a whole.
import { HeadgateError } from "../core/errors.ts";
import { JsonScanner, type ScannedBody } from "./body/json-scanner.ts";
import { boundaryOf, MultipartScanner } from "./body/multipart.ts";
import { type Call, CallerGone } from "./call.ts";

export interface BodyLimits {
  /** Bytes of one body. */
  bodyBytesMax: number;
  /** Bytes of all bodies in flight. */
  bodiesInFlightBytesMax: number;
}

/** Counts the bytes of all bodies held; one per gateway. */
export class BodyBudget {
  heldBytes = 0;
}

export interface ReceivedBody {
  chunks: readonly Buffer[];
  bytes: number;
  /** Where the model stands, to be replaced by splicing; null when the body has none to replace. */
  modelRange: { start: number; end: number } | null;
  model: string | null;
  json: ScannedBody | null;
}

/** Refuses bodies that can't be taken before reading any of them. */
export function checkBodyHeaders(call: Call, limits: BodyLimits): void {
  const { headers } = call.req;
  const encoding = headers["content-encoding"];
  if (encoding !== undefined && encoding.trim().toLowerCase() !== "identity") throw new HeadgateError("unsupported_encoding");
  if (Number(headers["content-length"] ?? 0) > limits.bodyBytesMax) throw bodyTooLarge(limits);
}

function bodyTooLarge(limits: BodyLimits): HeadgateError {
  return new HeadgateError("body_too_large", {
    message: `The request body is larger than this server accepts (${limits.bodyBytesMax} bytes).`,
  });
}

type Scanner = { write(chunk: Buffer): void };

/**
 * Reads and scans the body. `modelWanted` false: a body without a model, or that is no JSON, is fine.
 * Throws body_too_large, overloaded, invalid_json, model_required, duplicate_model, what the call is ended with, or CallerGone.
 */
export async function receiveBody(
  call: Call,
  limits: BodyLimits,
  budget: BodyBudget,
  modelWanted: boolean,
): Promise<ReceivedBody> {
  checkBodyHeaders(call, limits);
  const contentType = call.req.headers["content-type"] ?? "";
  const boundary = /^multipart\/form-data\b/i.test(contentType) ? boundaryOf(contentType) : null;
  const multipart = boundary === null ? null : new MultipartScanner(boundary);
  const json = boundary === null ? new JsonScanner() : null;
  let scanning: Scanner | null = multipart ?? json;
  if (call.expectsContinue) call.res.writeContinue();
  const chunks = await readChunks(call, limits, budget, (chunk) => {
    try {
      scanning?.write(chunk);
    } catch (error) {
      if (modelWanted) throw error;
      scanning = null;
    }
  });
  const bytes = call.heldBytes;
  if (bytes === 0) return { chunks, bytes, json: null, model: null, modelRange: null };
  try {
    if (scanning !== null && json !== null) {
      const scanned = json.end();
      return {
        chunks,
        bytes,
        json: scanned,
        model: scanned.model,
        modelRange: { start: scanned.modelStart, end: scanned.modelEnd },
      };
    }
    if (scanning !== null && multipart !== null) {
      const scanned = multipart.end();
      return {
        chunks,
        bytes,
        json: null,
        model: scanned.model,
        modelRange: { start: scanned.modelStart, end: scanned.modelEnd },
      };
    }
  } catch (error) {
    if (modelWanted) throw error;
  }
  return { chunks, bytes, json: null, model: null, modelRange: null };
}

function readChunks(call: Call, limits: BodyLimits, budget: BodyBudget, onChunk: (chunk: Buffer) => void): Promise<Buffer[]> {
  const { req } = call;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const fail = (error: unknown) => {
      req.off("data", take);
      call.abort = null;
      reject(error);
    };
    call.abort = fail;
    const take = (chunk: Buffer) => {
      call.heldBytes += chunk.length;
      budget.heldBytes += chunk.length;
      if (call.heldBytes > limits.bodyBytesMax) return fail(bodyTooLarge(limits));
      if (budget.heldBytes > limits.bodiesInFlightBytesMax)
        return fail(new HeadgateError("overloaded", { retryAfterSeconds: 1 }));
      try {
        onChunk(chunk);
      } catch (error) {
        return fail(error);
      }
      chunks.push(chunk);
    };
    req.on("data", take);
    req.once("end", () => {
      call.abort = null;
      resolve(chunks);
    });
    req.once("error", () => reject(new CallerGone()));
    req.once("close", () => {
      if (!req.complete) reject(new CallerGone());
    });
  });
}
