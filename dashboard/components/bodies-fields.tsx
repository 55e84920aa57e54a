// Whether the bodies of requests are kept: the switch, for how long, and what is taken out of them.
import type { BodyKeepingBody } from "../../src/api/body-keeping.ts";
import { Badge } from "./badge.tsx";
import { CheckboxField, TextField } from "./form.tsx";

type Redaction = BodyKeepingBody["redact"][number];
const redactions: readonly (readonly [Redaction, string])[] = [
  ["emails", "E-mail addresses"],
  ["phone_numbers", "Phone numbers"],
  ["card_numbers", "Card numbers"],
  ["content", "All content: keep only the shape"],
];

/** Null: they are not kept. */
export function BodiesFields({
  value,
  onChange,
}: {
  value: BodyKeepingBody | null;
  onChange: (value: BodyKeepingBody | null) => void;
}) {
  return (
    <fieldset className="flex flex-col gap-3 rounded-md border border-line p-3">
      <legend className="px-1 text-sm font-medium">Bodies of requests</legend>
      <CheckboxField
        label="Keep what is sent and answered"
        hint="Off unless somebody switches it on. Callers are told, credentials are always taken out, and what is stored is encrypted."
        isChecked={value !== null}
        onChange={(isOn) => onChange(isOn ? { retention: "7d", redact: [] } : null)}
      />
      {value !== null && (
        <>
          <TextField
            label="Keep them for"
            name="bodies.retention"
            hint="From 1h to 90d."
            value={value.retention}
            onChange={(retention) => onChange({ ...value, retention })}
          />
          <div className="flex flex-col gap-1.5">
            <span className="text-sm font-medium">Take out as well</span>
            {redactions.map(([name, label]) => (
              <CheckboxField
                key={name}
                label={label}
                isChecked={value.redact.includes(name)}
                onChange={(isOn) =>
                  onChange({ ...value, redact: isOn ? [...value.redact, name] : value.redact.filter((other) => other !== name) })
                }
              />
            ))}
          </div>
        </>
      )}
    </fieldset>
  );
}

/** The visible mark of keys, groups and requests whose bodies are kept. */
export function BodiesBadge({ retention }: { retention?: string }) {
  return (
    <Badge tone="warn" title={retention === undefined ? undefined : `Kept for ${retention}`}>
      bodies kept
    </Badge>
  );
}
