// Replaces the credential that an endpoint's provider is called with: the new one is tried first.
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { EndpointBody } from "../../../src/api/endpoints.ts";
import { patch, post } from "../../api/client.ts";
import { queryClient } from "../../api/query-client.ts";
import { Button } from "../../components/button.tsx";
import { Dialog } from "../../components/dialog.tsx";
import { Form, TextField } from "../../components/form.tsx";
import { messageOf, Notice } from "../../components/notice.tsx";
import { toast } from "../../components/toasts.tsx";
import { ConnectionCheck, type Validation } from "./connection-check.tsx";

export function RotateApiKeyDialog({ endpoint, onClose }: { endpoint: EndpointBody; onClose: () => void }) {
  const [apiKey, setApiKey] = useState("");
  const [failed, setFailed] = useState<Validation | null>(null);
  const store = useMutation({
    mutationFn: () => patch<EndpointBody>(`/endpoints/${endpoint.id}`, { api_key: apiKey }),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: ["endpoints"] });
      void queryClient.invalidateQueries({ queryKey: ["models"] });
      toast(`“${endpoint.name}” is called with the new key.`);
      onClose();
    },
  });
  const tryFirst = async () => {
    store.reset();
    const validation = await post<Validation>("/endpoints/validate", { endpoint_id: endpoint.id, api_key: apiKey });
    if (!validation.ok) return setFailed(validation);
    setFailed(null);
    await store.mutateAsync();
  };
  return (
    <Dialog
      title={endpoint.has_api_key ? "Replace API key" : "Set API key"}
      description="The new key is tried at the provider first. Calls that are under way keep the old one."
      onClose={onClose}
    >
      <Form
        submitLabel="Check and store key"
        onSubmit={tryFirst}
        onCancel={onClose}
        isIncomplete={apiKey === ""}
        extraActions={
          failed && (
            <Button isBusy={store.isPending} onClick={() => store.mutate()}>
              Store despite the failed check
            </Button>
          )
        }
      >
        <TextField
          label="New API key"
          name="api_key"
          type="password"
          autoComplete="off"
          required
          hint="Stored encrypted, and never shown again."
          value={apiKey}
          onChange={(text) => {
            setApiKey(text);
            setFailed(null);
          }}
        />
        {failed && (
          <>
            <ConnectionCheck validation={failed} url={endpoint.effective_url} />
            <p className="text-sm">The stored key has not been changed.</p>
          </>
        )}
        {store.isError && failed && <Notice tone="bad">{messageOf(store.error)}</Notice>}
      </Form>
    </Dialog>
  );
}
