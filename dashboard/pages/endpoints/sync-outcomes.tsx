// What a synchronization did (or would do) to each model, by kind of outcome.
import { useState } from "react";
import type { SyncRunBody } from "../../../src/api/sync-runs.ts";
import { Badge, StatusBadge } from "../../components/badge.tsx";
import { Button } from "../../components/button.tsx";
import { count } from "../../format/figures.ts";

const kinds = [
  ["added", "New: callers can use them."],
  ["returned", "Were offline or not chosen, and are served again."],
  ["offline", "No longer in the provider's list: calls of them go elsewhere or fail."],
  ["conflict", "Not added: the name is taken. Give them another name."],
  ["skipped", "Not chosen, removed, or kept by hand."],
  ["unchanged", "Nothing happened to them."],
] as const;

const shownAtOnce = 50;
const openUpTo = 20;

/** How the server says of a model that only a guarded run keeps it. */
const keptByGuard = "not in the provider's list; stays active";

export function SyncOutcomes({ run }: { run: Pick<SyncRunBody, "counts" | "models"> }) {
  const missing = run.models.filter(({ detail }) => detail?.startsWith(keptByGuard));
  const present = kinds.filter(([kind]) => run.counts[kind] > (kind === "unchanged" ? missing.length : 0));
  if (present.length + missing.length === 0) return <p className="text-muted">No model was looked at.</p>;
  return (
    <div className="flex flex-col gap-2">
      {missing.length > 0 && (
        <OutcomeGroup
          kind="missing"
          meaning="Not in the provider's list: held back, active until confirmed."
          total={missing.length}
          models={missing.map(({ id, outcome }) => ({ id, outcome, detail: null }))}
        />
      )}
      {present.map(([kind, meaning]) => (
        <OutcomeGroup
          key={kind}
          kind={kind}
          meaning={meaning}
          total={run.counts[kind] - (kind === "unchanged" ? missing.length : 0)}
          models={run.models.filter((model) => model.outcome === kind && !missing.includes(model))}
        />
      ))}
    </div>
  );
}

interface OutcomeGroupProps {
  kind: string;
  meaning: string;
  total: number;
  models: SyncRunBody["models"];
}

function OutcomeGroup({ kind, meaning, total, models }: OutcomeGroupProps) {
  const [shown, setShown] = useState(shownAtOnce);
  const isOpenAtFirst = kind !== "unchanged" && kind !== "skipped" && models.length <= openUpTo;
  return (
    <details open={isOpenAtFirst} className="rounded-md border border-line">
      <summary className="px-3 py-2 text-sm">
        <span className="ml-1 inline-flex max-w-[calc(100%-1.5rem)] flex-wrap items-center gap-2 align-middle">
          {kind === "missing" ? <Badge tone="warn">missing</Badge> : <StatusBadge status={kind} />}
          <span className="font-medium tabular-nums">{count(total)}</span>
          <span className="text-muted">{meaning}</span>
        </span>
      </summary>
      <ul className="border-t border-line px-3 py-1.5">
        {models.slice(0, shown).map(({ id, detail }) => (
          <li key={id} className="flex flex-wrap gap-x-3 py-1 text-sm">
            <code className="font-mono">{id}</code>
            {detail && <span className="text-muted">{detail}</span>}
          </li>
        ))}
        {models.length < total && (
          <li className="py-1 text-sm text-muted">
            {models.length === 0
              ? "Not kept one by one: the list is long."
              : `${count(total - models.length)} more were not kept.`}
          </li>
        )}
        {models.length > shown && (
          <li>
            <Button look="quiet" onClick={() => setShown(shown + shownAtOnce * 4)}>
              Show more ({count(models.length - shown)})
            </Button>
          </li>
        )}
      </ul>
    </details>
  );
}
