// Step 3 of the guided add: which models, under which names; then the endpoint is made.
import { useQuery } from "@tanstack/react-query";
import { Button } from "../../components/button.tsx";
import { Card } from "../../components/card.tsx";
import { Notice } from "../../components/notice.tsx";
import { counted } from "../../format/figures.ts";
import { ConflictNotice } from "./conflict-notice.tsx";
import { existingNamesQuery, noNames } from "./existing-names.ts";
import { FollowChoice } from "./follow-choice.tsx";
import { ModelChoice } from "./model-choice.tsx";
import { type ModelSelection, nameRemarks, wantedNames } from "./model-selection.ts";
import { TypedModels } from "./typed-models.tsx";

export interface ModelsStepProps {
  /** What the provider lists; empty where that is not known. */
  listed: readonly string[];
  isChecked: boolean;
  selection: ModelSelection;
  change: (changes: Partial<ModelSelection>) => void;
  error: unknown;
  isCreating: boolean;
  onBack: () => void;
  onCreate: () => void;
}

export function ModelsStep(props: ModelsStepProps) {
  const { listed, isChecked, selection, change, error, isCreating, onBack, onCreate } = props;
  const { data: existing = noNames } = useQuery(existingNamesQuery());
  const remarks = nameRemarks(selection, listed, existing);
  const wanted = wantedNames(selection, listed).length;
  const of = (kind: string) => [...remarks.values()].filter((remark) => remark.kind === kind).length;
  const [wrong, leftOut, pools] = [of("wrong"), of("left out"), of("pool")];
  return (
    <Card title="Models" description="Callers use a model by its name, whichever endpoint has it.">
      <div className="flex flex-col gap-5">
        <FollowChoice follows={selection.follows} onChange={(follows) => change({ follows })} />
        {listed.length > 0 ? (
          <ModelChoice listed={listed} selection={selection} change={change} remarks={remarks} />
        ) : (
          <Notice tone="info">
            {isChecked
              ? "The provider lists no models: type those that you want to call."
              : "The provider's list could not be read: type models that you know, or go on without and synchronize later."}
          </Notice>
        )}
        <TypedModels typed={selection.typed} onChange={(typed) => change({ typed })} remarks={remarks} />
        <div role="status" className="flex flex-col gap-1 text-sm">
          {wrong > 0 && <p className="text-bad">{counted(wrong, "name")} can't be used: change what is marked above.</p>}
          {leftOut > 0 && <p className="text-warn">{counted(leftOut, "model")} will be left out: the name is taken.</p>}
          {pools > 0 && (
            <p className="text-muted">
              {counted(pools, "model")} {pools === 1 ? "is" : "are"} at other endpoints too. That is no conflict: they make a
              pool, and calls are shared among its endpoints.
            </p>
          )}
          {selection.follows === "chosen" && wanted === 0 && (
            <p className="text-warn">No model is chosen: the endpoint will serve nothing until you choose some.</p>
          )}
        </div>
        {error !== null && error !== undefined && <ConflictNotice error={error} />}
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onBack}>Back</Button>
          <Button look="primary" isBusy={isCreating} disabled={wrong > 0} onClick={onCreate}>
            Create endpoint
          </Button>
        </div>
      </div>
    </Card>
  );
}
