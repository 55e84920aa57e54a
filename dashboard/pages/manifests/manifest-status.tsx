// The state of a manifest: whether the last fetch succeeded, how old the copy in use is, and how its entries are.
import type { ManifestBody } from "../../../src/api/manifests.ts";
import { Badge, StatusBadge } from "../../components/badge.tsx";
import { Time } from "../../components/time.tsx";
import { count } from "../../format/figures.ts";

export function ManifestStatus({ manifest: { status, last_error: error } }: { manifest: ManifestBody }) {
  return (
    <span className="flex min-w-0 flex-col items-start gap-0.5 max-md:items-end">
      <StatusBadge status={status} />
      {error !== null && (
        <span title={error.detail} className="line-clamp-2 max-md:line-clamp-none max-w-72 text-xs text-muted">
          {error.stage}: {error.detail}
        </span>
      )}
    </span>
  );
}

/** "3 live, 1 dropped": what there is none of is left out. */
export function EntryCounts({ entries }: { entries: ManifestBody["entries"] }) {
  if (entries.length === 0) return <span className="text-muted">none</span>;
  const kinds = (["live", "offline", "maintenance", "dropped"] as const)
    .map((kind) => [kind, entries.filter(({ status }) => status === kind).length] as const)
    .filter(([, entriesOfKind]) => entriesOfKind > 0);
  return (
    <span className="tabular-nums">
      {kinds.map(([kind, entriesOfKind], index) => (
        <span key={kind}>
          {index > 0 && ", "}
          <span className={`whitespace-nowrap ${kind === "dropped" || kind === "offline" ? "text-bad" : ""}`}>
            {count(entriesOfKind)} {kind === "maintenance" ? "in maintenance" : kind}
          </span>
        </span>
      ))}
    </span>
  );
}

export function ManifestAge({ manifest: { last_success_at: at } }: { manifest: ManifestBody }) {
  return <Time at={at} never="never loaded" />;
}

const origins = {
  config: ["config file", "Declared in the configuration: changed and removed there"],
  environment: ["environment", "Declared by METIS_STATUS_URL: changed and removed there"],
} as const;

/** Nothing for those that people added here. */
export function ManifestOrigin({ origin }: { origin: ManifestBody["origin"] }) {
  if (origin === "admin") return null;
  const [text, title] = origins[origin];
  return <Badge title={title}>{text}</Badge>;
}
