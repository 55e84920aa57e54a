// What a table of keys shows of each.
import { Link } from "@tanstack/react-router";
import type { KeyBody } from "../../../src/api/keys.ts";
import { Badge } from "../../components/badge.tsx";
import { BodiesBadge } from "../../components/bodies-fields.tsx";
import type { Column } from "../../components/data-table.tsx";
import { LimitsCell } from "../../components/limits-cell.tsx";
import { Time } from "../../components/time.tsx";

export const keyColumns: readonly Column<KeyBody>[] = [
  {
    header: "Name",
    isName: true,
    cell: (key) => (
      <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <Link to="/keys/$id" params={{ id: key.id }} className="text-accent-strong hover:underline">
          {key.name}
        </Link>
        <KeyBadges keyBody={key} />
      </span>
    ),
  },
  { header: "Prefix", cell: ({ prefix }) => <code className="font-mono text-xs whitespace-nowrap">{prefix}…</code> },
  {
    header: "Owner",
    cell: ({ user_name: name, user_id: id }) => name ?? (id === null ? <span className="text-muted">no user</span> : id),
  },
  { header: "Paid by", cell: ({ group_name: name, group_id: id }) => name ?? id },
  { header: "Models", cell: ({ models }) => <ModelsText models={models} /> },
  { header: "Limits", cell: ({ id, limits }) => <LimitsCell kind="key" id={id} limits={limits} /> },
  { header: "Last use", cell: ({ last_used_at: at }) => <Time at={at} /> },
];

/** What is out of the ordinary about a key. */
export function KeyBadges({ keyBody: key }: { keyBody: KeyBody }) {
  const isExpired = key.expires_at !== null && Date.parse(key.expires_at) <= Date.now();
  const extra = key.scopes.filter((scope) => scope !== "inference");
  return (
    <>
      {isExpired && <Badge tone="bad">expired</Badge>}
      {!isExpired && key.expires_at !== null && (
        <Badge tone="neutral">
          expires <Time at={key.expires_at} />
        </Badge>
      )}
      {extra.map((scope) => (
        <Badge key={scope} tone="info">
          {scope}
        </Badge>
      ))}
      {key.bodies !== null && <BodiesBadge retention={key.bodies.retention} />}
      {key.origin === "config" && <Badge>config</Badge>}
    </>
  );
}

export function ModelsText({ models }: { models: readonly string[] | null }) {
  if (models === null) return <span className="text-muted">all of its owner</span>;
  const shown = models.slice(0, 2).join(", ");
  return (
    <span title={models.join(", ")}>
      {shown}
      {models.length > 2 && <span className="text-muted"> +{models.length - 2}</span>}
    </span>
  );
}
