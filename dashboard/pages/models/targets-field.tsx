// The targets of a virtual model: chosen by endpoint and model, in an order, with weight and priority.
import { ArrowDown, ArrowUp, X } from "lucide-react";
import { IconButton } from "../../components/button.tsx";
import { AddTarget } from "./add-target.tsx";
import type { TypedTarget } from "./model-draft.ts";
import { TargetRow, targetsHint } from "./target-row.tsx";

interface TargetsFieldProps {
  targets: readonly TypedTarget[];
  onChange: (targets: readonly TypedTarget[]) => void;
}

export function TargetsField({ targets, onChange }: TargetsFieldProps) {
  const swap = (index: number) => {
    const [a, b] = [targets[index], targets[index + 1]];
    if (a && b) onChange([...targets.slice(0, index), b, a, ...targets.slice(index + 2)]);
  };
  return (
    <fieldset className="min-w-0 rounded-md border border-line">
      <legend className="ml-2 px-1 text-sm font-medium">Targets</legend>
      {targets.length > 0 && <p className="px-3 pt-1 text-sm text-muted">{targetsHint}</p>}
      <ol aria-label="Targets" className="divide-y divide-line">
        {targets.map((target, index) => {
          const called = `${target.endpoint} ${target.model}`;
          return (
            <TargetRow
              key={target.deploymentId}
              target={target}
              index={index}
              onChange={(changed) => onChange(targets.map((other, at) => (at === index ? changed : other)))}
              actions={
                <div className="flex">
                  <IconButton
                    label={`Move ${called} up`}
                    icon={<ArrowUp size={16} aria-hidden />}
                    disabled={index === 0}
                    onClick={() => swap(index - 1)}
                  />
                  <IconButton
                    label={`Move ${called} down`}
                    icon={<ArrowDown size={16} aria-hidden />}
                    disabled={index === targets.length - 1}
                    onClick={() => swap(index)}
                  />
                  <IconButton
                    label={`Remove ${called}`}
                    icon={<X size={16} aria-hidden />}
                    onClick={() => onChange(targets.filter((_, at) => at !== index))}
                  />
                </div>
              }
            />
          );
        })}
      </ol>
      <div className={`p-3 ${targets.length > 0 ? "border-t border-line" : ""}`}>
        <AddTarget taken={targets.map(({ deploymentId }) => deploymentId)} onAdd={(target) => onChange([...targets, target])} />
      </div>
    </fieldset>
  );
}
