// The state of an endpoint and why, its models by state, its last synchronization, and where it comes from.
import { Link } from "@tanstack/react-router";
import { LoaderCircle } from "lucide-react";
import type { EndpointBody } from "../../../src/api/endpoints.ts";
import { Badge, StatusBadge } from "../../components/badge.tsx";
import { Time } from "../../components/time.tsx";
import { count } from "../../format/figures.ts";
import { runText } from "./run-text.ts";

/** Why it is not active; null: it is. */
export function reasonOf({ status, last_sync: lastSync, model_counts: counts }: EndpointBody): string | null {
  if (status === "active") return null;
  if (status === "never_synced") return "It was never asked for its models.";
  if (status === "disabled") return "All of its models are disabled.";
  const said = lastSync && runText(lastSync);
  if (said) return said;
  return counts.offline > 0 ? "None of its models is in service." : "It has no models.";
}

export function EndpointStatus({ endpoint }: { endpoint: EndpointBody }) {
  const reason = reasonOf(endpoint);
  return (
    <span className="flex min-w-0 flex-col items-start gap-0.5 max-md:items-end">
      <StatusBadge status={endpoint.status} />
      {reason !== null && (
        <span title={reason} className="line-clamp-2 max-md:line-clamp-none max-w-56 text-xs text-muted">
          {reason}
        </span>
      )}
    </span>
  );
}

/** "3 active, 1 offline": what there is none of is left out. */
export function ModelCounts({ counts }: { counts: EndpointBody["model_counts"] }) {
  const { active, offline, disabled } = counts;
  if (active + offline + disabled === 0) return <span className="text-muted">none</span>;
  const parts = [
    { text: `${count(active)} active`, isThere: active > 0, look: "" },
    { text: `${count(offline)} offline`, isThere: offline > 0, look: "text-bad" },
    { text: `${count(disabled)} disabled`, isThere: disabled > 0, look: "text-muted" },
  ].filter(({ isThere }) => isThere);
  return (
    <span className="tabular-nums">
      {parts.map(({ text, look }, index) => (
        <span key={text}>
          {index > 0 && ", "}
          <span className={`whitespace-nowrap ${look}`}>{text}</span>
        </span>
      ))}
    </span>
  );
}

export function LastSync({ endpoint }: { endpoint: EndpointBody }) {
  const { last_sync: run, origin } = endpoint;
  if (endpoint.sync_in_progress !== null) return <SyncRunning />;
  if (run === null) return <span className="text-muted">{origin === "manifest" ? "by its manifest" : "never"}</span>;
  const said = runText(run);
  return (
    <span className="flex min-w-0 flex-col items-start gap-0.5 max-md:items-end">
      <span className="flex items-center gap-2">
        <Time at={run.finished_at} />
        {run.status !== "ok" && <StatusBadge status={run.status} title={said ?? undefined} />}
      </span>
      {said && endpoint.status === "active" && (
        <span title={said} className="line-clamp-2 max-md:line-clamp-none max-w-56 text-xs text-muted">
          {said}
        </span>
      )}
    </span>
  );
}

function SyncRunning() {
  return (
    <span className="inline-flex items-center gap-1.5 text-info">
      <LoaderCircle size={14} className="animate-spin" aria-hidden />
      synchronizing
    </span>
  );
}

/** Nothing for those that people made here. */
export function OriginBadge({ endpoint: { origin, manifest, manifest_id: manifestId } }: { endpoint: EndpointBody }) {
  if (origin === "config") return <Badge title="Taken over from the configuration at the first start">config</Badge>;
  if (origin !== "manifest") return null;
  if (manifestId === null) return <Badge tone="info">manifest</Badge>;
  return (
    <Link to="/manifests/$id" params={{ id: manifestId } as never} title={`From the manifest ${manifest ?? manifestId}`}>
      <Badge tone="info">manifest</Badge>
    </Link>
  );
}
