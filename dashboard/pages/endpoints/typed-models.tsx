// Models that a provider does not list, typed by hand.
import { Plus, X } from "lucide-react";
import { Button, IconButton } from "../../components/button.tsx";
import { controlClass } from "../../components/form.tsx";
import { Remark } from "./model-choice.tsx";
import type { ModelSelection, NameRemark } from "./model-selection.ts";

export interface TypedModelsProps {
  typed: ModelSelection["typed"];
  onChange: (typed: ModelSelection["typed"]) => void;
  remarks: ReadonlyMap<string, NameRemark>;
}

export function TypedModels({ typed, onChange, remarks }: TypedModelsProps) {
  const set = (index: number, changes: Partial<ModelSelection["typed"][number]>) =>
    onChange(typed.map((entry, at) => (at === index ? { ...entry, ...changes } : entry)));
  return (
    <fieldset className="flex min-w-0 flex-col gap-2">
      <legend className="text-sm font-medium">Models that the provider does not list</legend>
      <p className="text-sm text-muted">They stay until you remove them: synchronizations leave them alone.</p>
      {typed.map(({ model, alias }, index) => {
        const remark = remarks.get(model.trim());
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: the entries have nothing else to be told by
          <div key={index} className="grid grid-cols-[1fr_auto] items-center gap-2 md:grid-cols-[1fr_1fr_auto]">
            <input
              aria-label={`Model ${index + 1}`}
              placeholder="model id at the provider"
              autoComplete="off"
              maxLength={256}
              className={`${controlClass} font-mono max-md:col-start-1`}
              value={model}
              onChange={(event) => set(index, { model: event.target.value })}
            />
            <input
              aria-label={`Name of model ${index + 1} for callers`}
              placeholder="same name for callers"
              autoComplete="off"
              maxLength={256}
              aria-invalid={remark?.kind === "wrong" || undefined}
              className={`${controlClass} max-md:col-start-1 max-md:row-start-2`}
              value={alias}
              onChange={(event) => set(index, { alias: event.target.value })}
            />
            <IconButton
              label={`Remove model ${index + 1}`}
              className="max-md:col-start-2 max-md:row-start-1"
              icon={<X size={16} aria-hidden />}
              onClick={() => onChange(typed.filter((_, at) => at !== index))}
            />
            {remark && <Remark remark={remark} />}
          </div>
        );
      })}
      <div>
        <Button icon={<Plus size={16} aria-hidden />} onClick={() => onChange([...typed, { model: "", alias: "" }])}>
          Type a model
        </Button>
      </div>
    </fieldset>
  );
}
