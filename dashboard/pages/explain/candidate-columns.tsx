// What the table of candidates shows of each: whether it may get the call, why, and what the strategy compares.
import { Link } from "@tanstack/react-router";
import type { CandidateBody } from "../../../src/api/explain.ts";
import { Badge } from "../../components/badge.tsx";
import type { Column } from "../../components/data-table.tsx";
import { percent } from "../../format/figures.ts";
import { HealthText, stateOf } from "../models/health-text.tsx";

const score = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });

export const candidateColumns: readonly Column<CandidateBody>[] = [
  {
    header: "Deployment",
    isName: true,
    cell: ({ endpoint, endpoint_id: id, upstream_model: model }) => (
      <span className="flex flex-col">
        <Link to="/endpoints/$id" params={{ id } as never} className="text-accent-strong hover:underline">
          {endpoint}
        </Link>
        <span className="font-mono text-xs font-normal text-muted">{model}</span>
      </span>
    ),
  },
  {
    header: "Eligible",
    cell: ({ eligible }) => <Badge tone={eligible ? "good" : "neutral"}>{eligible ? "yes" : "no"}</Badge>,
  },
  { header: "Why", cell: ({ why }) => why },
  { header: "Health", cell: (candidate) => <HealthText state={stateOf(candidate)} /> },
  { header: "Weight", isNumber: true, cell: ({ weight }) => weight },
  { header: "Priority", isNumber: true, cell: ({ priority }) => priority },
  { header: "Score", isNumber: true, cell: ({ score: value }) => (value === null ? "–" : score.format(value)) },
  { header: "Share", isNumber: true, cell: ({ share }) => percent(share) },
  { header: "Order", isNumber: true, cell: ({ order }) => order ?? "–" },
];

/** What `score` is depends on the strategy. */
export const scoreTexts = {
  balanced: "Score: expected wait × attempts in flight per weight; the lower of two that are drawn takes the call.",
  weighted: "Score: its part of the weights.",
  priority: "Score: its place; 1 is first.",
  affinity: "Score: its distance from the session, the nearest takes the call; without a session as balanced.",
} as const;
