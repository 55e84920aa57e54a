// What a table of requests shows of each.
import { Link } from "@tanstack/react-router";
import type { RequestBody } from "../../../src/api/requests.ts";
import { Badge } from "../../components/badge.tsx";
import { BodiesBadge } from "../../components/bodies-fields.tsx";
import type { Column } from "../../components/data-table.tsx";
import { exactTime } from "../../components/time.tsx";
import { count, duration, usd } from "../../format/figures.ts";

export interface ShownColumns {
  /** Endpoints are not for every role. */
  seesEndpoints: boolean;
  /** Where all requests are one's own, who called says nothing. */
  seesOthers: boolean;
}

export function requestColumns({ seesEndpoints, seesOthers }: ShownColumns): Column<RequestBody>[] {
  return [
    {
      header: "Time",
      isName: true,
      cell: ({ id, started_at: at }) => (
        <Link to="/requests/$id" params={{ id }} className="whitespace-nowrap text-accent-strong tabular-nums hover:underline">
          <time dateTime={at}>{exactTime(at)}</time>
        </Link>
      ),
    },
    { header: "Outcome", cell: (request) => <Outcome request={request} /> },
    { header: "Model", cell: ({ model, path }) => model ?? <code className="font-mono text-xs">{path}</code> },
    ...(seesEndpoints ? [{ header: "Endpoint", cell: (request: RequestBody) => <Endpoint request={request} /> }] : []),
    ...(seesOthers ? [{ header: "Caller", cell: (request: RequestBody) => callerOf(request) }] : []),
    { header: "First token", isNumber: true, cell: ({ ttft_ms: ms }) => duration(ms) },
    { header: "Duration", isNumber: true, cell: ({ duration_ms: ms }) => duration(ms) },
    { header: "Tokens", isNumber: true, cell: (request) => <Tokens request={request} /> },
    { header: "Cost", isNumber: true, cell: ({ cost_usd: cost }) => usd(cost) },
  ];
}

/** Its final status, and what went wrong. */
export function Outcome({ request }: { request: Pick<RequestBody, "status" | "state" | "error" | "bodies_kept"> }) {
  const { status, state, error } = request;
  const isFailed = error !== null || state === "interrupted" || (status ?? 0) >= 400;
  const tone = state === "in_progress" ? "info" : isFailed ? "bad" : "good";
  return (
    <span className="inline-flex flex-wrap items-center gap-1 max-md:justify-end">
      <Badge tone={tone}>{state === "in_progress" ? "in progress" : (status ?? "no answer")}</Badge>
      {error !== null && <span className="text-xs text-bad">{error.replaceAll("_", " ")}</span>}
      {error === null && state === "interrupted" && <span className="text-xs text-bad">interrupted</span>}
      {request.bodies_kept && <BodiesBadge />}
    </span>
  );
}

function Endpoint({ request: { endpoint, attempts } }: { request: RequestBody }) {
  return (
    <>
      {endpoint ?? "–"}
      {attempts.length > 1 && <span className="ml-1.5 text-xs whitespace-nowrap text-muted">{attempts.length} attempts</span>}
    </>
  );
}

/** A key's name, or the user of a call without one. */
export function callerOf({ key_name: keyName, key, user_name: userName, user }: RequestBody): string {
  const who = userName ?? user;
  const how = keyName ?? key;
  if (how === null) return who ?? "unknown";
  return who === null ? how : `${who} · ${how}`;
}

function Tokens({ request: { tokens, usage_source: source } }: { request: RequestBody }) {
  const input = tokens.input_tokens + tokens.cached_input_tokens + tokens.cache_write_tokens;
  return (
    <span
      className="whitespace-nowrap"
      title={`${count(input)} in, ${count(tokens.output_tokens)} out${source === "estimated" ? ", estimated" : ""}`}
    >
      {source === "estimated" && "≈ "}
      {count(input)} → {count(tokens.output_tokens)}
    </span>
  );
}
