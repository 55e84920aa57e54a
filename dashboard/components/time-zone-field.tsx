// Choosing a time zone: all that the browser knows are suggested as one types, its own first.
import { controlClass, Field, type FieldProps } from "./form.tsx";
import { ownTimeZone } from "./typed-limits.ts";

let names: readonly string[] | null = null;

/** The browser's own, UTC, and all others by name. */
function zoneNames(): readonly string[] {
  names ??= [...new Set([ownTimeZone(), "UTC", ...Intl.supportedValuesOf("timeZone")])];
  return names;
}

interface TimeZoneFieldProps extends FieldProps {
  value: string;
  onChange: (value: string) => void;
}

export function TimeZoneField({ value, onChange, ...field }: TimeZoneFieldProps) {
  return (
    <Field {...field} hint={nowIn(value)}>
      {(wiring) => (
        <>
          <input
            {...wiring}
            type="text"
            required
            autoComplete="off"
            spellCheck={false}
            className={`w-full ${controlClass}`}
            placeholder="Type to search, e.g. Europe"
            list={`${wiring.id}-zones`}
            value={value}
            onChange={(event) => onChange(event.target.value)}
          />
          <datalist id={`${wiring.id}-zones`}>
            {zoneNames().map((name) => (
              <option key={name} value={name} label={name === ownTimeZone() ? "where this browser is" : undefined} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}

/** What time it is there, so that one sees that it is the right one. */
function nowIn(zone: string): string {
  try {
    const now = new Date().toLocaleTimeString("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit" });
    return `Whose midnight it is. There it is ${now} now.`;
  } catch {
    return "Whose midnight it is. Choose one of the list.";
  }
}
