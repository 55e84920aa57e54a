// Changes an endpoint; when somebody else was quicker, offers to load what they made of it.
import { useState } from "react";
import type { EndpointBody } from "../../../src/api/endpoints.ts";
import { patch } from "../../api/client.ts";
import { queryClient } from "../../api/query-client.ts";
import { Form } from "../../components/form.tsx";
import { toast } from "../../components/toasts.tsx";
import { BehaviourFields } from "./behaviour-fields.tsx";
import { AuthorizationFields, NameAndUrlFields } from "./connection-fields.tsx";
import { draftOf, type EndpointDraft, patchOf } from "./endpoint-draft.ts";

export interface EndpointFormProps {
  endpoint: EndpointBody;
  /** To go on from what was saved. */
  onSaved: (endpoint: EndpointBody) => void;
}

export function EndpointForm({ endpoint, onSaved }: EndpointFormProps) {
  const [before] = useState(() => draftOf(endpoint));
  const [draft, setDraft] = useState(before);
  const isTyped = JSON.stringify(before) !== JSON.stringify(draft);
  const change = (changes: Partial<EndpointDraft>) => setDraft((current) => ({ ...current, ...changes }));
  const save = async () => patch<EndpointBody>(`/endpoints/${endpoint.id}`, patchOf(before, draft), endpoint.version);
  const done = (changed: EndpointBody) => {
    void queryClient.invalidateQueries({ queryKey: ["endpoints"] });
    void queryClient.invalidateQueries({ queryKey: ["models"] });
    toast("Saved.");
    onSaved(changed);
  };
  return (
    <Form submitLabel="Save settings" onSubmit={save} onDone={done} isIncomplete={!isTyped}>
      <NameAndUrlFields draft={draft} change={change} exampleUrl="" />
      <p className="text-sm text-muted">
        {endpoint.has_api_key
          ? "A key is stored. It is never shown; “Replace API key” under “More actions” gives another one."
          : "No key is stored: calls go out without one. “Set API key” under “More actions” gives one."}
      </p>
      <h3 className="font-medium">How it is spoken to</h3>
      <AuthorizationFields draft={draft} change={change} hasAutomaticDialect={false} />
      <h3 className="font-medium">How it is used</h3>
      <BehaviourFields draft={draft} change={change} />
    </Form>
  );
}
