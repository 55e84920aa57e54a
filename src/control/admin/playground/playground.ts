// Calls from pages: the data plane's own pipeline, with whoever is signed in as the caller.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { HeadgateError } from "../../../core/errors.ts";

/** Implemented by the data plane. `target`: path and query as a call with a key has them, from "/v1/" on. */
export interface Playground {
  /** Runs the call from the reading of its body to the end of its answer. */
  call(userId: string, target: string, request: IncomingMessage, response: ServerResponse): void;
  /** Answers with `error` in the shape that the caller's client understands. */
  refuse(error: HeadgateError, target: string, request: IncomingMessage, response: ServerResponse): void;
}
