// Limits in a row of a list, and how near the nearest of them is to its end.
import { useQuery } from "@tanstack/react-query";
import type { AllowanceBody } from "../../src/api/allowances.ts";
import type { StoredLimits } from "../../src/domain/limits.ts";
import { listQuery } from "../api/queries.ts";
import { percent } from "../format/figures.ts";
import { nearestOf } from "./allowance-meters.ts";
import { LimitsText } from "./limits-text.tsx";
import { Bar, ShareBadge } from "./meter.tsx";

/** One question for a whole list: those nearest to their end come first, the others have more left than the last of them. */
const askedMax = 200;
const refreshMs = 20_000;

interface LimitsCellProps {
  kind: AllowanceBody["kind"];
  id: string;
  limits: StoredLimits | null;
  none?: string;
}

export function LimitsCell({ kind, id, limits, none }: LimitsCellProps) {
  const isLimited = limits !== null && Object.keys(limits).length > 0;
  const query = useQuery({
    ...listQuery<AllowanceBody>(`${kind}s`, "/allowances", { kind, limit: askedMax }),
    enabled: isLimited,
    refetchInterval: ({ state }) => state.error === null && refreshMs,
  });
  const text = <LimitsText limits={limits} {...(none !== undefined && { none })} />;
  if (!isLimited || query.data === undefined) return text;
  const { data, next_cursor: next } = query.data;
  const found = data.find((one) => one.id === id);
  const nearest = found === undefined ? null : nearestOf(found);
  if (nearest?.share === 0) return text;
  if (nearest === null) {
    const last = data.at(-1);
    const isBeyond = found === undefined && next !== null && last !== undefined;
    return (
      <span className="flex flex-col gap-1 max-md:items-end">
        {text}
        {isBeyond && <span className="text-xs text-muted">at most {percent(last.used_share)} used</span>}
      </span>
    );
  }
  return (
    <span className="flex min-w-36 flex-col gap-1 max-md:items-end">
      {text}
      <span className="flex items-center gap-2" title={`${nearest.label}: ${nearest.amount}`}>
        <span className="w-16">
          <Bar share={nearest.share} />
        </span>
        <ShareBadge share={nearest.share} />
      </span>
    </span>
  );
}
