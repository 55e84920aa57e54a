// How long a call of a model may wait; those left empty are the endpoints'.
import { TextField } from "../../components/form.tsx";
import type { ModelDraft } from "./model-draft.ts";

const fields = [
  ["connect", "To connect"],
  ["first_byte", "First byte"],
  ["idle", "Between bytes"],
  ["total", "All of it"],
] as const;

interface TimeoutFieldsProps {
  timeouts: ModelDraft["timeouts"];
  onChange: (timeouts: ModelDraft["timeouts"]) => void;
}

export function TimeoutFields({ timeouts, onChange }: TimeoutFieldsProps) {
  return (
    <fieldset>
      <legend className="mb-2 text-sm text-muted">How long a call may wait, such as 10s. Empty: what its endpoint says.</legend>
      <div className="grid grid-cols-2 gap-4 md:grid-cols-4">
        {fields.map(([name, label]) => (
          <TextField
            key={name}
            label={label}
            name={`timeouts.${name}`}
            placeholder="default"
            value={timeouts[name]}
            onChange={(text) => onChange({ ...timeouts, [name]: text })}
          />
        ))}
      </div>
    </fieldset>
  );
}
