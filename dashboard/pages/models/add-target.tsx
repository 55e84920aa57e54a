// Chooses a deployment by its endpoint and its model there.
import { Plus } from "lucide-react";
import { useState } from "react";
import type { EndpointBody } from "../../../src/api/endpoints.ts";
import type { ModelBody } from "../../../src/api/models.ts";
import { Button } from "../../components/button.tsx";
import { type Choice, Picker } from "../../components/picker.tsx";
import type { TypedTarget } from "./model-draft.ts";

interface AddTargetProps {
  /** Ids of deployments that are targets already. */
  taken: readonly string[];
  onAdd: (target: TypedTarget) => void;
}

export function AddTarget({ taken, onAdd }: AddTargetProps) {
  const [endpoint, setEndpoint] = useState<Choice | null>(null);
  const [model, setModel] = useState<Choice | null>(null);
  const [added, setAdded] = useState(0);
  const isTaken = model !== null && taken.includes(model.id);
  const add = () => {
    if (endpoint === null || model === null || isTaken) return;
    onAdd({ deploymentId: model.id, endpoint: endpoint.label, model: model.label, weight: "1", priority: "0" });
    setModel(null);
    setAdded(added + 1);
  };
  return (
    <div className="grid grid-cols-1 items-start gap-3 md:grid-cols-[1fr_1fr_auto]">
      <Picker<EndpointBody>
        label="Endpoint"
        topic="endpoints"
        path="/endpoints"
        choiceOf={({ id, name }) => ({ id, label: name })}
        chosen={endpoint}
        onChange={(choice) => {
          setEndpoint(choice);
          if (choice?.id !== endpoint?.id) setModel(null);
        }}
      />
      {endpoint === null ? (
        <p className="text-sm text-muted md:pt-7">Choose an endpoint, then one of its models.</p>
      ) : (
        <Picker<ModelBody>
          key={`${endpoint.id} ${added}`}
          label="Model of the endpoint"
          topic="models"
          path="/models"
          query={{ endpoint: endpoint.label, kind: "pool" }}
          choiceOf={(pool) => choicesOf(pool, endpoint)}
          {...(isTaken && { hint: "It is a target already." })}
          chosen={model}
          onChange={setModel}
        />
      )}
      <Button className="md:mt-6" icon={<Plus size={16} aria-hidden />} disabled={model === null || isTaken} onClick={add}>
        Add target
      </Button>
    </div>
  );
}

/** The search finds the public name: what is called otherwise at its endpoint says both. */
function choicesOf({ name, deployments }: ModelBody, endpoint: Choice): Choice[] {
  return deployments
    .filter(({ endpoint_id }) => endpoint_id === endpoint.id)
    .map(({ id, upstream_model: model }) => ({ id, label: model === name ? model : `${model} – served as ${name}` }));
}
