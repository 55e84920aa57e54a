// Whether an endpoint follows its provider's list or has chosen models alone.
import type { ModelSelection } from "./model-selection.ts";

const choices = [
  ["all", "All models", "Follow the provider: new models are added, models that are gone go offline."],
  ["chosen", "Only chosen models", "What the provider adds later stays out until you choose it."],
] as const;

export function FollowChoice({
  follows,
  onChange,
}: {
  follows: ModelSelection["follows"];
  onChange: (follows: ModelSelection["follows"]) => void;
}) {
  return (
    <fieldset>
      <legend className="mb-2 text-sm font-medium">Which models</legend>
      <div className="grid grid-cols-1 gap-2 md:grid-cols-2">
        {choices.map(([value, label, description]) => (
          <label
            key={value}
            className="flex cursor-pointer items-start gap-2.5 rounded-md border border-line px-3 py-2.5 hover:bg-raised has-checked:border-accent has-checked:bg-accent-soft has-focus-visible:outline-2 has-focus-visible:outline-accent"
          >
            <input
              type="radio"
              name="follows"
              className="mt-1 accent-accent outline-none"
              checked={follows === value}
              onChange={() => onChange(value)}
              aria-label={label}
              aria-describedby={`follows-${value}`}
            />
            <span className="min-w-0">
              <span className="block text-sm font-medium">{label}</span>
              <span id={`follows-${value}`} className="block text-sm text-muted">
                {description}
              </span>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
