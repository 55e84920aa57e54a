// Names with secret values, which are not shown while they are typed.
import { Plus, X } from "lucide-react";
import { Button, IconButton } from "../../components/button.tsx";
import { controlClass, useFailedField } from "../../components/form.tsx";

export interface SecretPair {
  name: string;
  secret: string;
}

export interface SecretPairsProps {
  legend: string;
  hint: string;
  /** What one of them is: "header". */
  one: string;
  /** The API's name of the whole. */
  field: string;
  pairs: readonly SecretPair[];
  onChange: (pairs: readonly SecretPair[]) => void;
}

export function SecretPairs({ legend, hint, one, field, pairs, onChange }: SecretPairsProps) {
  const failed = useFailedField();
  const isWrong = failed === field || failed?.startsWith(`${field}.`);
  const set = (index: number, changes: Partial<SecretPair>) =>
    onChange(pairs.map((pair, at) => (at === index ? { ...pair, ...changes } : pair)));
  return (
    <fieldset className="flex min-w-0 flex-col gap-2" aria-invalid={isWrong || undefined}>
      <legend className="text-sm font-medium">
        {legend} <span className="font-normal text-muted">optional</span>
      </legend>
      <p className="text-sm text-muted">{hint}</p>
      {pairs.map(({ name, secret }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the pairs have nothing else to be told by
        <div key={index} className="grid grid-cols-[1fr_1fr_auto] gap-2">
          <input
            aria-label={`Name of ${one} ${index + 1}`}
            placeholder="name"
            autoComplete="off"
            required
            className={`w-full ${controlClass}`}
            value={name}
            onChange={(event) => set(index, { name: event.target.value })}
          />
          <input
            type="password"
            aria-label={`Value of ${one} ${index + 1}`}
            placeholder="value"
            autoComplete="off"
            required
            className={`w-full ${controlClass}`}
            value={secret}
            onChange={(event) => set(index, { secret: event.target.value })}
          />
          <IconButton
            label={`Remove ${one} ${index + 1}`}
            icon={<X size={16} aria-hidden />}
            onClick={() => onChange(pairs.filter((_, at) => at !== index))}
          />
        </div>
      ))}
      <div>
        <Button icon={<Plus size={16} aria-hidden />} onClick={() => onChange([...pairs, { name: "", secret: "" }])}>
          Add {one}
        </Button>
      </div>
    </fieldset>
  );
}

export function recordOf(pairs: readonly SecretPair[]): Record<string, string> {
  return Object.fromEntries(pairs.map(({ name, secret }) => [name.trim(), secret]));
}
