// What comes of asking an endpoint for its models: a list, or a failure that says how far the question got.
import type { EgressFailureCode } from "../../egress/failure.ts";

/** How far a question to an endpoint got; `done` when nothing failed, `empty` when the list has no models. */
export const stages = ["dns", "connect", "tls", "auth", "http", "parse", "empty", "done"] as const;
export type Stage = (typeof stages)[number];

/** What exactly failed. One of `egress/failure.ts`, or what an answer can be faulted for. */
export type FailureCode =
  | EgressFailureCode
  | "unauthorized"
  | "forbidden"
  | "not_found"
  | "redirect"
  | "rate_limited"
  | "http_error"
  | "not_json"
  | "not_a_list"
  | "too_many_models"
  | "no_models"
  | "credential_unreadable"
  | "invalid_url";

/** The endpoint's models; an empty list is a list. */
export interface Listing {
  ok: true;
  /** The base URL that answered: calls are appended to it. */
  effectiveUrl: string;
  /** Each id once, in the provider's order. */
  models: { id: string }[];
  /** Ids that can't be model names, as printable text; at most 100 are kept. */
  rejected: string[];
  latencyMs: number;
}

export interface ListFailure {
  ok: false;
  stage: Exclude<Stage, "done" | "empty">;
  code: FailureCode;
  /** What happened, in a sentence without credentials or query strings. */
  message: string;
  /** What to do about it. */
  hint: string;
  httpStatus: number | null;
  latencyMs: number;
}

/** Ends a listing from within; `listModels` turns it into a ListFailure. */
export class ListingFailed extends Error {
  readonly failure: Omit<ListFailure, "ok" | "latencyMs">;

  constructor(failure: Omit<ListFailure, "ok" | "latencyMs" | "httpStatus"> & { httpStatus?: number }) {
    super(failure.message);
    this.failure = { httpStatus: null, ...failure };
  }
}
