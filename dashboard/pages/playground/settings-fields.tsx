// What is sent with every question.
import { TextArea, TextField } from "../../components/form.tsx";
import type { Settings } from "./conversation.ts";

export function SettingsFields({ value, onChange }: { value: Settings; onChange: (value: Settings) => void }) {
  return (
    <details className="rounded-lg border border-line bg-surface px-4 py-3">
      <summary className="text-sm font-medium">
        Settings <span className="font-normal text-muted">{summaryOf(value)}</span>
      </summary>
      <div className="mt-3 grid grid-cols-1 gap-4 md:grid-cols-[1fr_10rem_10rem]">
        <TextArea
          label="System prompt"
          isOptional
          rows={3}
          value={value.system}
          onChange={(system) => onChange({ ...value, system })}
        />
        <TextField
          label="Temperature"
          isOptional
          type="number"
          min={0}
          max={2}
          step={0.1}
          placeholder="default"
          value={value.temperature}
          onChange={(temperature) => onChange({ ...value, temperature })}
        />
        <TextField
          label="Max tokens"
          isOptional
          type="number"
          min={1}
          step={1}
          placeholder="default"
          value={value.maxTokens}
          onChange={(maxTokens) => onChange({ ...value, maxTokens })}
        />
      </div>
    </details>
  );
}

function summaryOf({ system, temperature, maxTokens }: Settings): string {
  const set = [
    system.trim() === "" ? "" : "system prompt",
    temperature === "" ? "" : `temperature ${temperature}`,
    maxTokens === "" ? "" : `at most ${maxTokens} tokens`,
  ].filter((part) => part !== "");
  return set.length === 0 ? "all default" : set.join(", ");
}
