// Whether a slow first attempt gets a second one beside it, how many and how early.
import { CheckboxField, TextField } from "../../components/form.tsx";
import type { ModelDraft } from "./model-draft.ts";

interface HedgeFieldsProps {
  hedge: ModelDraft["hedge"];
  onChange: (hedge: ModelDraft["hedge"]) => void;
}

export function HedgeFields({ hedge, onChange }: HedgeFieldsProps) {
  return (
    <fieldset className="flex flex-col gap-3 rounded-md border border-line p-3">
      <legend className="px-1 text-sm font-medium">Hedging</legend>
      <CheckboxField
        label="Start a second attempt elsewhere when the first is slow to begin"
        hint="The quicker one is passed on, the other is given up. What the other has cost is paid too."
        isChecked={hedge !== null}
        onChange={(isOn) => onChange(isOn ? { extraPercent: "", minDelay: "" } : null)}
      />
      {hedge !== null && (
        <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
          <TextField
            label="Of the calls, at most (%)"
            name="hedge.extra_traffic"
            type="number"
            min={0.1}
            max={100}
            step="any"
            placeholder="5"
            isOptional
            value={hedge.extraPercent}
            onChange={(extraPercent) => onChange({ ...hedge, extraPercent })}
          />
          <TextField
            label="Never earlier than"
            name="hedge.min_delay"
            placeholder="50ms"
            isOptional
            value={hedge.minDelay}
            onChange={(minDelay) => onChange({ ...hedge, minDelay })}
          />
        </div>
      )}
    </fieldset>
  );
}
