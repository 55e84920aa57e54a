// Adds a model that the provider does not list, or brings back one that was removed.
import { useState } from "react";
import type { EndpointBody } from "../../../src/api/endpoints.ts";
import { post } from "../../api/client.ts";
import { queryClient } from "../../api/query-client.ts";
import { Dialog } from "../../components/dialog.tsx";
import { Form, TextField } from "../../components/form.tsx";
import { toast } from "../../components/toasts.tsx";

export function AddModelDialog({ endpoint, onClose }: { endpoint: EndpointBody; onClose: () => void }) {
  const [model, setModel] = useState("");
  const [alias, setAlias] = useState("");
  return (
    <Dialog
      title={`Add a model to “${endpoint.name}”`}
      description="One that the provider does not list, or one that was removed. Synchronizations leave it alone."
      onClose={onClose}
    >
      <Form
        submitLabel="Add model"
        onSubmit={() => post(`/endpoints/${endpoint.id}/models`, { model: model.trim(), alias: alias.trim() || null })}
        onDone={() => {
          void queryClient.invalidateQueries({ queryKey: ["models"] });
          void queryClient.invalidateQueries({ queryKey: ["endpoints"] });
          toast(`“${alias.trim() || model.trim()}” was added.`);
          onClose();
        }}
        onCancel={onClose}
      >
        <TextField label="Id at the provider" name="model" required maxLength={256} value={model} onChange={setModel} />
        <TextField
          label="Name for callers"
          name="alias"
          isOptional
          maxLength={256}
          hint="Default: the endpoint's name for it, else the id."
          value={alias}
          onChange={setAlias}
        />
      </Form>
    </Dialog>
  );
}
