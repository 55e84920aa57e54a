// The provider of a new endpoint, as cards of which one is chosen.
import { type ProviderPreset, providerPresets } from "./provider-presets.ts";

export function PresetChoice({ chosenId, onChoose }: { chosenId: string | null; onChoose: (preset: ProviderPreset) => void }) {
  return (
    <fieldset className="min-w-0">
      <legend className="mb-2 text-sm font-medium">Provider</legend>
      <div className="grid grid-cols-2 gap-2 sm:grid-cols-3 lg:grid-cols-4">
        {providerPresets.map((preset) => (
          <label
            key={preset.id}
            className="flex min-h-10 cursor-pointer items-center gap-2 rounded-md border border-line px-3 py-2 text-sm hover:bg-raised has-checked:border-accent has-checked:bg-accent-soft has-focus-visible:outline-2 has-focus-visible:outline-accent"
          >
            <input
              type="radio"
              name="provider"
              className="accent-accent outline-none"
              checked={preset.id === chosenId}
              onChange={() => onChoose(preset)}
            />
            {preset.label}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
