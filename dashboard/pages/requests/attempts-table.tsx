// The attempts of a request: where each went, why, and what came of it.
import type { AttemptBody } from "../../../src/api/requests.ts";
import { type Column, Table } from "../../components/data-table.tsx";
import { count, usd } from "../../format/figures.ts";
import { Outcome } from "./request-columns.tsx";

export function AttemptsTable({ attempts, seesEndpoints }: { attempts: readonly AttemptBody[]; seesEndpoints: boolean }) {
  const columns: Column<AttemptBody>[] = [
    {
      header: "Attempt",
      isName: true,
      cell: (attempt) =>
        seesEndpoints && attempt.endpoint !== null ? attempt.endpoint : `Attempt ${attempts.indexOf(attempt) + 1}`,
    },
    ...(seesEndpoints ? [{ header: "Upstream model", cell: (attempt: AttemptBody) => attempt.upstream_model ?? "–" }] : []),
    { header: "Why there", cell: ({ why }) => why },
    { header: "Outcome", cell: (attempt) => <Outcome request={{ ...attempt, bodies_kept: false }} /> },
    {
      header: "Tokens",
      isNumber: true,
      cell: ({ tokens, usage_source: source }) =>
        `${source === "estimated" ? "≈ " : ""}${count(tokens.input_tokens + tokens.cached_input_tokens)} → ${count(tokens.output_tokens)}`,
    },
    { header: "Cost", isNumber: true, cell: ({ cost_usd: cost }) => usd(cost) },
  ];
  return <Table label="Attempts" columns={columns} rows={attempts} idOf={({ id }) => id} />;
}
