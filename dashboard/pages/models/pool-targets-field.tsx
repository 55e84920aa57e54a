// Weights and priorities of a pool's deployments. Which ones there are is up to the endpoints.
import type { TypedTarget } from "./model-draft.ts";
import { TargetRow, targetsHint } from "./target-row.tsx";

interface PoolTargetsFieldProps {
  targets: readonly TypedTarget[];
  onChange: (targets: readonly TypedTarget[]) => void;
}

export function PoolTargetsField({ targets, onChange }: PoolTargetsFieldProps) {
  if (targets.length === 0) return null;
  return (
    <fieldset className="min-w-0 rounded-md border border-line">
      <legend className="ml-2 px-1 text-sm font-medium">Deployments</legend>
      <p className="px-3 pt-1 text-sm text-muted">{targetsHint} A weight that is left empty follows its endpoint's.</p>
      <ul aria-label="Deployments" className="divide-y divide-line">
        {targets.map((target, index) => (
          <TargetRow
            key={target.deploymentId}
            target={target}
            index={index}
            onChange={(changed) => onChange(targets.map((other, at) => (at === index ? changed : other)))}
          />
        ))}
      </ul>
    </fieldset>
  );
}
