// How much of a limit is used: a bar, and the same in words.
import { percent } from "../format/figures.ts";
import type { Allowed } from "./allowance-meters.ts";
import { nearShare } from "./allowance-meters.ts";
import { Badge } from "./badge.tsx";
import { UntilTime } from "./time.tsx";

/** The bar alone; what it says has to stand beside it. */
export function Bar({ share }: { share: number }) {
  const color = share >= 1 ? "bg-bad" : share >= nearShare ? "bg-warn" : "bg-accent";
  return (
    <span className="block h-1.5 w-full overflow-hidden rounded-full bg-raised" aria-hidden>
      <span className={`block h-full rounded-full ${color}`} style={{ width: `${Math.min(100, Math.max(0, share * 100))}%` }} />
    </span>
  );
}

/** How near the end is, in a word. */
export function ShareBadge({ share }: { share: number }) {
  if (share >= 1) return <Badge tone="bad">used up</Badge>;
  if (share >= nearShare) return <Badge tone="warn">{percent(Math.min(share, 0.99))} used</Badge>;
  return <span className="text-sm text-muted">{percent(share)} used</span>;
}

export function Meter({ allowed }: { allowed: Allowed }) {
  const { label, share, amount, details, resetsAt, isBudget } = allowed;
  return (
    <div className="flex min-w-0 flex-col gap-1.5">
      <div className="flex flex-wrap items-baseline justify-between gap-x-3">
        <h3 className="text-sm font-medium">{label}</h3>
        <span className="flex items-baseline gap-2">
          <span className="tabular-nums">{amount}</span>
          <ShareBadge share={share} />
        </span>
      </div>
      <Bar share={share} />
      <p className="text-xs text-muted">
        {details.map((detail) => `${detail} · `).join("")}
        {resetsAt === null ? atOnceText(allowed) : <Again at={resetsAt} isBudget={isBudget} />}
      </p>
    </div>
  );
}

function Again({ at, isBudget }: { at: string; isBudget: boolean }) {
  return (
    <>
      {isBudget ? "begins anew" : "all of it is there again"} <UntilTime at={at} />
    </>
  );
}

function atOnceText({ name, isBudget, share }: Allowed): string {
  if (isBudget) return "does not begin anew by itself";
  if (name === "concurrent_requests") return "free again as calls end";
  return share === 0 ? "all of it is there" : "";
}
