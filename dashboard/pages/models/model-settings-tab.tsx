// Changes the settings of a model, unless somebody else has changed them meanwhile.
import { useState } from "react";
import type { ModelBody } from "../../../src/api/models.ts";
import { ApiError, patch } from "../../api/client.ts";
import { queryClient } from "../../api/query-client.ts";
import { Button } from "../../components/button.tsx";
import { Card } from "../../components/card.tsx";
import { Notice } from "../../components/notice.tsx";
import { toast } from "../../components/toasts.tsx";
import { draftOf, isSameToEdit, modelPatch } from "./model-draft.ts";
import { ModelForm } from "./model-form.tsx";

export function ModelSettingsTab({ model, etag }: { model: ModelBody; etag: string | null }) {
  // What somebody is typing must not go when the model changes under it: only what is loaded on purpose is taken over.
  const [edited, setEdited] = useState({ model, round: 0 });
  const isChanged = !isSameToEdit(edited.model, model);
  const load = (loaded: ModelBody) => setEdited(({ round }) => ({ model: loaded, round: round + 1 }));
  // The ETag also changes with the state of a deployment, which nobody edits here: the latest will do, unless the settings differ.
  const ifMatch = isChanged ? '"changed"' : (etag ?? undefined);
  const save = async (changes: object) => {
    try {
      return await patch<ModelBody>(`/models/${model.id}`, changes, ifMatch);
    } catch (error) {
      // What somebody else has saved is offered at once.
      if (error instanceof ApiError && error.code === "stale") await queryClient.invalidateQueries({ queryKey: ["models"] });
      throw error;
    }
  };
  return (
    <Card title="Settings">
      <div className="flex max-w-3xl flex-col gap-4">
        <ModelForm
          key={edited.round}
          kind={model.kind}
          initial={draftOf(edited.model)}
          submitLabel="Save"
          onSubmit={(draft) => save(modelPatch(edited.model, draft))}
          onDone={async (saved) => {
            toast("Saved.");
            await queryClient.invalidateQueries({ queryKey: ["models"] });
            load(saved);
          }}
        />
        {isChanged && (
          <Notice tone="warn" title="The model has changed since you began">
            <p>Somebody else has saved other settings, or its deployments are others now. Load them before you save.</p>
            <Button className="mt-2" onClick={() => load(model)}>
              Load them
            </Button>
          </Notice>
        )}
      </div>
    </Card>
  );
}
