// Limits of a key, user, group or model: rates, calls at once, a budget.
import type { ReactNode } from "react";
import { BudgetFields } from "./budget-fields.tsx";
import { TextField } from "./form.tsx";
import type { TypedLimits } from "./typed-limits.ts";

const rates = [
  ["requestsPerSecond", "requests_per_second", "Requests per second", "In any second, however the clock stands."],
  ["requestsPerMinute", "requests_per_minute", "Requests per minute", "In any 60 seconds."],
  ["tokensPerMinute", "tokens_per_minute", "Tokens per minute", "Input and output of the calls of any 60 seconds."],
  ["concurrentRequests", "concurrent_requests", "Requests at once", "Calls under way; a stream until it ends."],
] as const;

export interface LimitsFieldsProps {
  /** Whose they are, e.g. "Limits of this key". */
  legend: string;
  /** Who shares them, where that has to be said. */
  hint?: ReactNode;
  value: TypedLimits;
  onChange: (value: TypedLimits) => void;
}

export function LimitsFields({ legend, hint, value, onChange }: LimitsFieldsProps) {
  return (
    <fieldset className="flex min-w-0 flex-col gap-4 rounded-md border border-line p-3">
      <legend className="px-1 text-sm font-medium">{legend}</legend>
      <p className="-mt-1 text-sm text-muted">{hint} What is left empty is not limited.</p>
      <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
        {rates.map(([field, name, label, meaning]) => (
          <TextField
            key={name}
            label={label}
            name={`limits.${name}`}
            hint={meaning}
            isOptional
            inputMode="numeric"
            pattern="[0-9]*"
            title="A whole number"
            value={value[field]}
            onChange={(typed) => onChange({ ...value, [field]: typed })}
          />
        ))}
      </div>
      <BudgetFields value={value} onChange={onChange} />
    </fieldset>
  );
}
