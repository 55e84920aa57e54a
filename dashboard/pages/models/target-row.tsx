// One target in a form: which deployment it is, its weight and priority.
import type { ReactNode } from "react";
import { TextField } from "../../components/form.tsx";
import type { TypedTarget } from "./model-draft.ts";

interface TargetRowProps {
  target: TypedTarget;
  /** Its place in the list: the server names the target at fault by it. */
  index: number;
  onChange: (target: TypedTarget) => void;
  actions?: ReactNode;
}

export function TargetRow({ target, index, onChange, actions }: TargetRowProps) {
  const { endpoint, model } = target;
  return (
    <li className="flex flex-wrap items-end gap-3 px-3 py-2.5">
      <div className="w-full min-w-40 self-center sm:w-auto sm:flex-1">
        <div className="font-medium">{endpoint}</div>
        <div className="font-mono text-xs text-muted">{model}</div>
      </div>
      <div className="w-24">
        <TextField
          label="Weight"
          name={`targets.${index}.weight`}
          type="number"
          min={0}
          max={1000}
          aria-label={`Weight of ${endpoint} ${model}`}
          placeholder="default"
          value={target.weight}
          onChange={(weight) => onChange({ ...target, weight })}
        />
      </div>
      <div className="w-24">
        <TextField
          label="Priority"
          name={`targets.${index}.priority`}
          type="number"
          min={0}
          max={1000}
          aria-label={`Priority of ${endpoint} ${model}`}
          placeholder="0"
          value={target.priority}
          onChange={(priority) => onChange({ ...target, priority })}
        />
      </div>
      {actions}
    </li>
  );
}

/** What the two numbers mean. */
export const targetsHint =
  "Weight: share of the calls relative to the others; 0: only when no other can take them. Lower priorities come first.";
