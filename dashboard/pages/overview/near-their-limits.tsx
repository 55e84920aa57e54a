// Who is near the end of a limit, or at it.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { AllowanceBody } from "../../../src/api/allowances.ts";
import { listQuery } from "../../api/queries.ts";
import { nearestOf } from "../../components/allowance-meters.ts";
import { Badge } from "../../components/badge.tsx";
import { Card } from "../../components/card.tsx";
import { Bar, ShareBadge } from "../../components/meter.tsx";
import { UntilTime } from "../../components/time.tsx";

const shownMax = 8;
/** What calls use tells no event, ms. */
const refreshMs = 20_000;

export function NearTheirLimits() {
  const query = useQuery({
    ...listQuery<AllowanceBody>("usage", "/allowances", { near: true, limit: shownMax }),
    refetchInterval: ({ state }) => state.error === null && refreshMs,
  });
  if (query.data === undefined || query.data.data.length === 0) return null;
  return (
    <Card
      title="Near their limits"
      description={query.data.next_cursor === null ? undefined : `The ${shownMax} with the least left.`}
      isFlush
      isLandmark
    >
      <ul className="divide-y divide-line">
        {query.data.data.map((one) => (
          <li key={`${one.kind}-${one.id}`} className="px-4 py-2.5">
            <Near allowance={one} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

const pages = { key: "/keys/$id", user: "/users/$id", group: "/groups/$id", model: "/models/$id" } as const;

function Near({ allowance }: { allowance: AllowanceBody }) {
  const { kind, id, name } = allowance;
  const nearest = nearestOf(allowance);
  if (nearest === null) return null;
  return (
    <div className="grid grid-cols-1 items-center gap-x-4 gap-y-1 md:grid-cols-[minmax(0,1fr)_8rem_minmax(0,1.2fr)]">
      <span className="flex min-w-0 flex-wrap items-center gap-2">
        <Badge>{kind}</Badge>
        <Link to={pages[kind]} params={{ id } as never} className="font-medium text-accent-strong hover:underline">
          {name}
        </Link>
      </span>
      <Bar share={nearest.share} />
      <span className="flex min-w-0 flex-wrap items-center gap-x-2 gap-y-1 text-sm">
        <ShareBadge share={nearest.share} />
        <span className="text-muted">
          {nearest.label}: {nearest.amount}
          {nearest.resetsAt !== null && (
            <>
              , {nearest.isBudget ? "begins anew" : "all there again"} <UntilTime at={nearest.resetsAt} />
            </>
          )}
        </span>
      </span>
    </div>
  );
}
