// What the table of an endpoint's models shows of each.
import { Link } from "@tanstack/react-router";
import type { EndpointBody } from "../../../src/api/endpoints.ts";
import { Badge, StatusBadge } from "../../components/badge.tsx";
import type { Column } from "../../components/data-table.tsx";
import { Time } from "../../components/time.tsx";
import { duration } from "../../format/figures.ts";
import { ModelActions } from "./model-actions.tsx";
import type { ModelRow } from "./model-rows.ts";

interface Given {
  endpoint: EndpointBody;
  canChangeModels: boolean;
}

export function endpointModelColumns({ endpoint, canChangeModels }: Given): readonly Column<ModelRow>[] {
  const actions: Column<ModelRow> = {
    header: "Actions",
    isUnnamed: true,
    cell: (row) => <ModelActions row={row} endpoint={endpoint} />,
  };
  return canChangeModels ? [...columns, actions] : columns;
}

const columns: readonly Column<ModelRow>[] = [
  {
    header: "Name for callers",
    isName: true,
    cell: ({ model, deployment, elsewhere }) => (
      <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <Link to="/models/$id" params={{ id: model.id } as never} className="text-accent-strong hover:underline">
          {model.name}
        </Link>
        {elsewhere.length > 0 && <Badge title={`Also at ${elsewhere.join(", ")}`}>pool of {elsewhere.length + 1}</Badge>}
        {deployment.source === "static" && <Badge title="Synchronizations leave it alone">added by hand</Badge>}
      </span>
    ),
  },
  {
    header: "Id at the provider",
    cell: ({ deployment }) => <code className="font-mono text-xs">{deployment.upstream_model}</code>,
  },
  {
    header: "Status",
    cell: ({ deployment }) => (
      <span className="flex min-w-0 flex-col items-start gap-0.5 max-md:items-end">
        <StatusBadge status={deployment.status} />
        {deployment.reason && <span className="text-xs text-muted">{deployment.reason}</span>}
      </span>
    ),
  },
  { header: "Since", cell: ({ deployment }) => <Time at={deployment.since} /> },
  {
    header: "Health",
    cell: ({ deployment: { health, status } }) =>
      status !== "active" ? (
        <span className="text-muted">–</span>
      ) : (
        <span className="flex min-w-0 flex-col items-start gap-0.5 max-md:items-end">
          <StatusBadge status={health.status} />
          {health.cause && <span className="text-xs text-muted">{health.cause}</span>}
        </span>
      ),
  },
  { header: "Latency", isNumber: true, cell: ({ deployment }) => duration(deployment.health.latency_ms) },
];
