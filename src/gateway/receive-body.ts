// Takes in a request's body: bounded, scanned while it arrives, never parsed as a whole.
import { HeadgateError } from "../core/errors.ts";
import type { AskedTokens } from "./body/asked-tokens.ts";
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
  /** How many tokens the call may use, as far as the body tells; null: it is no JSON. */
  asked: AskedTokens | null;
  /** Why no model was found in it; null when one was. */
  problem: HeadgateError | null;
}

/** Refuses bodies of which nobody here could read a word. */
export function checkBodyEncoding(call: Call): void {
  const encoding = call.req.headers["content-encoding"];
  if (encoding !== undefined && encoding.trim().toLowerCase() !== "identity") throw new HeadgateError("unsupported_encoding");
}

function bodyTooLarge(limits: BodyLimits): HeadgateError {
  return new HeadgateError("body_too_large", {
    message: `The request body is larger than this server accepts (${limits.bodyBytesMax} bytes).`,
  });
}

/**
 * Reads and scans the body. `onProblem`: what happens with a body in which no model can be found, `throw` at once or `keep`
 * it and say why. Throws body_too_large, overloaded, the problem, what the call is ended with, or CallerGone.
 */
export async function receiveBody(
  call: Call,
  limits: BodyLimits,
  budget: BodyBudget,
  onProblem: "throw" | "keep",
): Promise<ReceivedBody> {
  // Before any of it is read.
  checkBodyEncoding(call);
  if (Number(call.req.headers["content-length"] ?? 0) > limits.bodyBytesMax) throw bodyTooLarge(limits);
  const contentType = call.req.headers["content-type"] ?? "";
  const isForm = /^multipart\/form-data\b/i.test(contentType);
  const boundary = isForm ? boundaryOf(contentType) : null;
  const multipart = boundary === null ? null : new MultipartScanner(boundary);
  const json = boundary === null ? new JsonScanner() : null;
  let problem: HeadgateError | null = null;
  const note = (error: unknown) => {
    if (onProblem === "throw" || !(error instanceof HeadgateError)) throw error;
    problem = error;
  };
  if (call.expectsContinue) call.res.writeContinue();
  const onChunk = (chunk: Buffer) => {
    if (problem !== null) return;
    try {
      (multipart ?? (json as JsonScanner)).write(chunk);
    } catch (error) {
      note(error);
    }
  };
  const whole = call.req.wholeBody ?? null;
  let chunks: Buffer[];
  if (whole === null) {
    chunks = await readChunks(call, limits, budget, onChunk);
  } else {
    if (call.isGone) throw new CallerGone();
    chunks = whole.length === 0 ? [] : [whole];
    if (whole.length > 0) takeChunk(call, limits, budget, whole, onChunk);
  }
  const bytes = call.heldBytes;
  const asked = json === null ? null : json.asked(bytes);
  const unscanned = { chunks, bytes, json: null, asked, model: null, modelRange: null };
  if (bytes === 0) return { ...unscanned, problem: new HeadgateError("model_required", { field: "model" }) };
  if (problem !== null) return { ...unscanned, problem };
  try {
    const scanned = (multipart ?? (json as JsonScanner)).end();
    const modelRange = { start: scanned.modelStart, end: scanned.modelEnd };
    return {
      chunks,
      bytes,
      json: json === null ? null : (scanned as ScannedBody),
      asked,
      model: scanned.model,
      modelRange,
      problem: null,
    };
  } catch (error) {
    note(error);
    return { ...unscanned, problem };
  }
}

/** Throws what ends the body: it is too large, there are too many of them, or what `onChunk` throws. */
function takeChunk(call: Call, limits: BodyLimits, budget: BodyBudget, chunk: Buffer, onChunk: (chunk: Buffer) => void): void {
  call.heldBytes += chunk.length;
  budget.heldBytes += chunk.length;
  if (call.heldBytes > limits.bodyBytesMax) throw bodyTooLarge(limits);
  if (budget.heldBytes > limits.bodiesInFlightBytesMax) throw new HeadgateError("overloaded", { retryAfterSeconds: 1 });
  onChunk(chunk);
}

function readChunks(call: Call, limits: BodyLimits, budget: BodyBudget, onChunk: (chunk: Buffer) => void): Promise<Buffer[]> {
  const { req } = call;
  return new Promise((resolve, reject) => {
    // Let go at the end: connections keep their last request, and that its listeners.
    let chunks: Buffer[] = [];
    const fail = (error: unknown) => {
      req.off("data", take);
      call.abort = null;
      call.onGone = null;
      reject(error);
    };
    call.abort = fail;
    const gone = () => fail(new CallerGone());
    call.onGone = gone;
    const take = (chunk: Buffer) => {
      try {
        takeChunk(call, limits, budget, chunk, onChunk);
      } catch (error) {
        return fail(error);
      }
      chunks.push(chunk);
    };
    req.on("data", take);
    req.once("end", () => {
      call.abort = null;
      call.onGone = null;
      resolve(chunks);
      chunks = [];
    });
    req.once("error", () => fail(new CallerGone()));
    if (call.isGone) fail(new CallerGone());
  });
}
