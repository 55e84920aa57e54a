// What is wrong now, and why.
import { Link } from "@tanstack/react-router";
import { CircleCheck } from "lucide-react";
import type { UnhealthyBody } from "../../../src/api/overview.ts";
import { StatusBadge } from "../../components/badge.tsx";
import { Card } from "../../components/card.tsx";
import { Time } from "../../components/time.tsx";
import { useCan } from "../../session/session.ts";

/** How many are shown before "all". */
const shownMax = 8;

export function Unhealthy({ unhealthy }: { unhealthy: readonly UnhealthyBody[] }) {
  const mayKnow = useCan("endpoints.read");
  if (!mayKnow) return null;
  if (unhealthy.length === 0) {
    return (
      <p className="flex items-center gap-2 text-good">
        <CircleCheck size={18} aria-hidden />
        All endpoints, models and parts of Headgate are well.
      </p>
    );
  }
  const rest = unhealthy.slice(shownMax);
  return (
    <Card title={unhealthy.length === 1 ? "One thing is not well" : `${unhealthy.length} things are not well`} isFlush>
      <ul className="divide-y divide-line">{unhealthy.slice(0, shownMax).map(item)}</ul>
      {rest.length > 0 && (
        <details className="border-t border-line">
          <summary className="px-4 py-2.5 text-sm text-muted">{rest.length} more</summary>
          <ul className="divide-y divide-line">{rest.map(item)}</ul>
        </details>
      )}
    </Card>
  );
}

function item(one: UnhealthyBody) {
  return (
    <li key={`${one.kind}-${one.id ?? one.name}`} className="flex flex-wrap items-baseline gap-x-3 gap-y-1 px-4 py-2.5">
      <StatusBadge status={one.status} />
      <span className="font-medium">
        <Name one={one} />
      </span>
      <span className="min-w-0 text-sm text-muted">
        {one.cause ?? ""}
        {one.cause !== null && one.since !== null && " · "}
        {one.since !== null && <Time at={one.since} />}
      </span>
    </li>
  );
}

function Name({ one: { kind, id, name } }: { one: UnhealthyBody }) {
  const className = "hover:underline";
  if (kind === "endpoint" && id !== null) {
    return (
      <Link to="/endpoints/$id" params={{ id }} className={className}>
        {name}
      </Link>
    );
  }
  if (kind === "manifest") {
    return (
      <Link to="/manifests" search={{ search: name } as never} className={className}>
        {name}
      </Link>
    );
  }
  return <>{name}</>;
}
