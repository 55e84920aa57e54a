// The question of the page Explain, as its URL holds it.
import { queryOptions } from "@tanstack/react-query";
import type { ExplanationBody } from "../../../src/api/explain.ts";
import { ask } from "../../api/client.ts";

export const defaultPath = "/v1/chat/completions";

/** Paths that callers use most; any other may be typed. */
export const usualPaths = [
  defaultPath,
  "/v1/messages",
  "/v1/responses",
  "/v1/embeddings",
  "/v1/completions",
  "/v1/rerank",
] as const;

export interface ExplainQuestion {
  model: string;
  key: string | undefined;
  user: string | undefined;
  path: string | undefined;
}

/** Null: nothing is asked yet. */
export function questionOf(search: Readonly<Record<string, string | undefined>>): ExplainQuestion | null {
  const { model, key, user, path } = search;
  return model === undefined ? null : { model, key, user: key === undefined ? user : undefined, path };
}

/** The answer changes with settings and health: both make `models` stale. */
export function explainQuery({ model, key, user, path }: ExplainQuestion) {
  const body = { model, ...(key && { key_id: key }), ...(user && { user_id: user }), ...(path && { path }) };
  return queryOptions({
    queryKey: ["models", "explain", body] as const,
    queryFn: ({ signal }) => ask<ExplanationBody>("POST", "/explain", { body, signal }),
  });
}
