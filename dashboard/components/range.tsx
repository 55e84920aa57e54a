// Which time a page is about: the last hour … 90 days, or from one day to another; in the URL as `range`, or `from` and `to`.
import { useUrlFilters } from "./filters.tsx";
import { controlClass } from "./form.tsx";

const spans = {
  "1h": ["Last hour", 3_600_000],
  "24h": ["Last 24 hours", 86_400_000],
  "7d": ["Last 7 days", 604_800_000],
  "30d": ["Last 30 days", 2_592_000_000],
  "90d": ["Last 90 days", 7_776_000_000],
} as const;
export type Span = keyof typeof spans;

/** RFC 3339 times, or dates, as the API's `from` and `to` take them; `to` left out is now. */
export interface TimeRange {
  from: string | undefined;
  to: string | undefined;
}

/** The range of the URL. It moves on once a minute, so that a page's queries stay the same for so long. */
export function useRange(byDefault: Span | "all" = "24h"): TimeRange {
  const { search } = useUrlFilters();
  if (search.from !== undefined || search.to !== undefined) return { from: search.from, to: search.to && dayAfter(search.to) };
  const span = (search.range ?? byDefault) as Span;
  const entry = spans[span] as (typeof spans)[Span] | undefined;
  if (entry === undefined) return { from: undefined, to: undefined };
  const minuteMs = Math.floor(Date.now() / 60_000) * 60_000;
  return { from: new Date(minuteMs - entry[1]).toISOString(), to: undefined };
}

/** `to` of the API is exclusive, the day that people choose is not. */
function dayAfter(day: string): string {
  const date = new Date(`${day}T00:00:00Z`);
  return Number.isNaN(date.getTime()) ? day : new Date(date.getTime() + 86_400_000).toISOString();
}

export function RangeSelect({ byDefault = "24h" }: { byDefault?: Span | "all" }) {
  const { search, set } = useUrlFilters();
  const isCustom = search.from !== undefined || search.to !== undefined;
  const today = new Date().toISOString().slice(0, 10);
  const choose = (value: string) => {
    if (value === "custom") set({ range: undefined, from: today, to: today });
    else set({ range: value === byDefault ? undefined : value, from: undefined, to: undefined });
  };
  return (
    <div className="flex flex-wrap items-center gap-2">
      <select
        aria-label="Time range"
        className={controlClass}
        value={isCustom ? "custom" : (search.range ?? byDefault)}
        onChange={(event) => choose(event.target.value)}
      >
        {byDefault === "all" && <option value="all">All time</option>}
        {Object.entries(spans).map(([value, [label]]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
        <option value="custom">Choose days (UTC)</option>
      </select>
      {isCustom && (
        <>
          <Day label="From" value={search.from} onChange={(from) => set({ from }, { isReplacing: true })} />
          <Day label="To" value={search.to} onChange={(to) => set({ to }, { isReplacing: true })} />
        </>
      )}
    </div>
  );
}

function Day({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string | undefined;
  onChange: (day: string | undefined) => void;
}) {
  return (
    <input
      type="date"
      aria-label={label}
      className={controlClass}
      value={value?.slice(0, 10) ?? ""}
      onChange={(event) => onChange(event.target.value || undefined)}
    />
  );
}
