// How long a call may wait, of an endpoint or a model.
import { TextField } from "./form.tsx";

/** What is typed: text such as "10s", "" for the default. */
export interface TypedTimeouts {
  connect: string;
  first_byte: string;
  idle: string;
  total: string;
}

const fields = [
  ["connect", "To connect"],
  ["first_byte", "First byte"],
  ["idle", "Between bytes"],
  ["total", "In all"],
] as const;

export function typedTimeouts({ connect = "", first_byte = "", idle = "", total = "" }: Partial<TypedTimeouts>): TypedTimeouts {
  return { connect, first_byte, idle, total };
}

/** As a merge patch: null is the default again. */
export function timeoutsPatch({ connect, first_byte, idle, total }: TypedTimeouts) {
  const orNull = (text: string) => text.trim() || null;
  return { connect: orNull(connect), first_byte: orNull(first_byte), idle: orNull(idle), total: orNull(total) };
}

interface TimeoutFieldsProps {
  value: TypedTimeouts;
  onChange: (value: TypedTimeouts) => void;
  /** What one that is empty means. */
  emptyMeans: string;
}

export function TimeoutFields({ value, onChange, emptyMeans }: TimeoutFieldsProps) {
  return (
    <fieldset>
      <legend className="mb-2 text-sm text-muted">How long a call may wait, such as 10s. Empty: {emptyMeans}.</legend>
      <div className="grid grid-cols-2 gap-4 md:grid-cols-4">
        {fields.map(([name, label]) => (
          <TextField
            key={name}
            label={label}
            name={`timeouts.${name}`}
            placeholder="default"
            value={value[name]}
            onChange={(text) => onChange({ ...value, [name]: text })}
          />
        ))}
      </div>
    </fieldset>
  );
}
