// How an endpoint is, at a glance, and who changes it.
import { Link } from "@tanstack/react-router";
import type { EndpointBody } from "../../../src/api/endpoints.ts";
import { StatusBadge } from "../../components/badge.tsx";
import { Card, Facts } from "../../components/card.tsx";
import { Notice } from "../../components/notice.tsx";
import { Time } from "../../components/time.tsx";
import { ModelCounts, reasonOf } from "./endpoint-status.tsx";
import { runText } from "./run-text.ts";

const stages = {
  listing: "Asking the provider for its models.",
  writing: "Comparing its list with what is known.",
  publishing: "Bringing the changes to callers.",
};

export function EndpointSummary({ endpoint }: { endpoint: EndpointBody }) {
  const { last_sync: run, sync_in_progress: running } = endpoint;
  const reason = reasonOf(endpoint);
  return (
    <>
      <OriginNotice endpoint={endpoint} />
      {running && (
        <Notice tone="info" title="Synchronizing now">
          {stages[running.stage]} Started <Time at={running.started_at} />. You can leave this page meanwhile.
        </Notice>
      )}
      <Card>
        <Facts
          facts={[
            [
              "Status",
              <span key="status" className="flex flex-wrap items-center gap-2">
                <StatusBadge status={endpoint.status} />
                {reason !== null && <span>{reason}</span>}
              </span>,
            ],
            ["Models", <ModelCounts key="models" counts={endpoint.model_counts} />],
            [
              "Calls go to",
              <code key="url" className="font-mono text-xs">
                {endpoint.effective_url}
              </code>,
            ],
            ...(endpoint.origin === "manifest"
              ? []
              : [["Last synchronization", <LastRun key="sync" run={run} reason={reason} />] as const]),
          ]}
        />
      </Card>
    </>
  );
}

/** `reason`: what is said of the endpoint already. */
function LastRun({ run, reason }: { run: EndpointBody["last_sync"]; reason: string | null }) {
  if (run === null) return <span className="text-muted">never</span>;
  const said = runText(run);
  return (
    <span className="flex flex-wrap items-center gap-2">
      <Time at={run.finished_at} />
      <StatusBadge status={run.status} />
      {said && said !== reason && <span>{said}</span>}
    </span>
  );
}

function OriginNotice({ endpoint: { origin, manifest, manifest_id: manifestId } }: { endpoint: EndpointBody }) {
  if (origin === "config") {
    return (
      <Notice tone="info">
        This endpoint was taken over from the configuration at the first start. Since then it is managed here: later changes of
        the configuration don't reach it.
      </Notice>
    );
  }
  if (origin !== "manifest") return null;
  return (
    <Notice tone="info" title="Only its manifest changes this endpoint">
      It comes from the manifest{" "}
      {manifestId === null ? (
        manifest
      ) : (
        <Link to="/manifests/$id" params={{ id: manifestId } as never} className="font-medium underline">
          {manifest ?? manifestId}
        </Link>
      )}
      , which is fetched regularly. Its models can be disabled here, nothing else.
    </Notice>
  );
}
