// Makes a virtual model.
import type { ModelBody } from "../../../src/api/models.ts";
import { post } from "../../api/client.ts";
import { queryClient } from "../../api/query-client.ts";
import { Dialog } from "../../components/dialog.tsx";
import { toast } from "../../components/toasts.tsx";
import { emptyDraft, newModelBody } from "./model-draft.ts";
import { ModelForm } from "./model-form.tsx";

export function NewVirtualModelDialog({ onClose, onDone }: { onClose: () => void; onDone: (model: ModelBody) => void }) {
  return (
    <Dialog
      title="Create a virtual model"
      description="A name of your own over deployments of any endpoints: callers use the name, you choose what is behind it."
      isWide
      onClose={onClose}
    >
      <ModelForm
        kind="virtual"
        initial={emptyDraft}
        isBrief
        submitLabel="Create virtual model"
        onSubmit={(draft) => post<ModelBody>("/models", newModelBody(draft))}
        onDone={(model) => {
          toast(`Virtual model “${model.name}” is created.`);
          void queryClient.invalidateQueries({ queryKey: ["models"] });
          onDone(model);
        }}
        onCancel={onClose}
      />
    </Dialog>
  );
}
