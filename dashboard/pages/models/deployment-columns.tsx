// What the table of a model's deployments shows of each.
import { Link } from "@tanstack/react-router";
import type { DeploymentBody } from "../../../src/api/models.ts";
import type { Column } from "../../components/data-table.tsx";
import { Time } from "../../components/time.tsx";
import { counted, duration, percent } from "../../format/figures.ts";
import { useCan } from "../../session/session.ts";
import { HealthText, stateOf } from "./health-text.tsx";

/** Requests of the last 24 hours; an endpoint's are not told apart by its deployments. */
export interface Traffic {
  byEndpoint: ReadonlyMap<string, number>;
  total: number;
}

/** `traffic` undefined: not known yet. */
export function deploymentColumns(traffic: Traffic | undefined): readonly Column<DeploymentBody>[] {
  return [
    { header: "Endpoint", isName: true, cell: (deployment) => <EndpointName deployment={deployment} /> },
    { header: "Health", cell: (deployment) => <Health deployment={deployment} /> },
    { header: "First byte", isNumber: true, cell: ({ health }) => duration(health.latency_ms) },
    { header: "In flight", isNumber: true, cell: ({ health }) => health.in_flight },
    {
      header: "Failures, 30 s",
      isNumber: true,
      cell: ({ health: { failure_ratio: ratio } }) => (ratio === null ? "–" : percent(ratio)),
    },
    { header: "Weight", isNumber: true, cell: ({ weight }) => weight },
    { header: "Priority", isNumber: true, cell: ({ priority }) => priority },
    {
      header: "Share of calls, 24 h",
      isNumber: true,
      cell: ({ endpoint }) => <Share requests={traffic?.byEndpoint.get(endpoint) ?? 0} total={traffic?.total} />,
    },
  ];
}

function EndpointName({
  deployment: { endpoint, endpoint_id: id, upstream_model: model, source },
}: {
  deployment: DeploymentBody;
}) {
  const isLinked = useCan("endpoints.read");
  return (
    <span className="flex flex-col">
      {isLinked ? (
        <Link to="/endpoints/$id" params={{ id } as never} className="text-accent-strong hover:underline">
          {endpoint}
        </Link>
      ) : (
        endpoint
      )}
      <span className="font-mono text-xs font-normal text-muted">
        {model}
        {source !== "discovered" && ` (${source})`}
      </span>
    </span>
  );
}

/** Why it is so, since when, and until when where that is known. */
function Health({ deployment }: { deployment: DeploymentBody }) {
  const { status, reason, since, health } = deployment;
  const cause = status === "active" ? health.cause : reason;
  const from = status === "active" ? health.since : since;
  return (
    <span className="flex min-w-0 flex-col items-start gap-0.5 max-md:items-end">
      <HealthText state={stateOf(deployment)} />
      {cause !== null && <span className="max-w-72 text-xs text-muted">{cause}</span>}
      {(from !== null || health.until !== null) && (
        <span className="text-xs text-muted">
          {from !== null && (
            <>
              since <Time at={from} />
            </>
          )}
          {status === "active" && health.until !== null && (
            <>
              {from !== null && ", "}until <Time at={health.until} />
            </>
          )}
        </span>
      )}
    </span>
  );
}

function Share({ requests, total }: { requests: number; total: number | undefined }) {
  if (total === undefined) return <span className="text-muted">…</span>;
  if (total === 0) return <span className="text-muted">no calls</span>;
  return (
    <span className="inline-flex flex-col items-end gap-1">
      <span title={counted(requests, "request")}>{percent(requests / total)}</span>
      <span className="block h-1 w-16 overflow-hidden rounded-full bg-raised" aria-hidden>
        <span className="block h-full bg-accent" style={{ width: `${(100 * requests) / total}%` }} />
      </span>
    </span>
  );
}
