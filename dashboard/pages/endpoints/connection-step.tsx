// Step 1 of the guided add: which provider, where it is, with which key. Sending it tries the connection.
import type { EndpointBody } from "../../../src/api/endpoints.ts";
import { ApiError, get, post } from "../../api/client.ts";
import type { ListOf } from "../../api/queries.ts";
import { Card } from "../../components/card.tsx";
import { Form, TextField } from "../../components/form.tsx";
import { Advanced, advancedFields } from "./advanced.tsx";
import { BehaviourFields } from "./behaviour-fields.tsx";
import type { Validation } from "./connection-check.tsx";
import { AuthorizationFields, type DraftProps, NameAndUrlFields } from "./connection-fields.tsx";
import { connectionOf, type EndpointDraft, endpointBodyOf } from "./endpoint-draft.ts";
import { PresetChoice } from "./preset-choice.tsx";
import { type ProviderPreset, providerPresets } from "./provider-presets.ts";

export interface ConnectionStepProps extends DraftProps {
  presetId: string | null;
  onPreset: (presetId: string) => void;
  /** Why the endpoint could not be made with what is here. */
  laterError: unknown;
  onChecked: (validation: Validation) => void;
}

export function ConnectionStep({ draft, change, presetId, onPreset, laterError, onChecked }: ConnectionStepProps) {
  const preset = providerPresets.find(({ id }) => id === presetId);
  const choose = (chosen: ProviderPreset) => {
    onPreset(chosen.id);
    change(presetChanges(draft, preset, chosen));
  };
  return (
    <Card title="Connection" description="Where the models are, and how Headgate signs in there.">
      <Form submitLabel="Check connection" laterError={laterError} onSubmit={() => check(draft)} onDone={onChecked}>
        <PresetChoice chosenId={presetId} onChoose={choose} />
        {preset && <p className="text-sm text-muted">{preset.hint}</p>}
        <NameAndUrlFields draft={draft} change={change} exampleUrl={preset?.exampleUrl ?? "https://models.example.org/v1"} />
        <TextField
          label="API key"
          name="api_key"
          type="password"
          autoComplete="off"
          isOptional={preset?.needsKey !== "yes"}
          hint={preset?.needsKey === "no" ? "Usually none is needed." : "Stored encrypted, and never shown again."}
          value={draft.apiKey}
          onChange={(apiKey) => change({ apiKey })}
        />
        <Advanced fields={advancedFields}>
          <AuthorizationFields draft={draft} change={change} hasAutomaticDialect />
          <BehaviourFields draft={draft} change={change} />
        </Advanced>
      </Form>
    </Card>
  );
}

/** What `chosen` fills in: nothing that was typed is lost. */
function presetChanges(draft: EndpointDraft, before: ProviderPreset | undefined, chosen: ProviderPreset): Partial<EndpointDraft> {
  const isFilledIn = (typed: string, filledIn: string | null | undefined) => typed === "" || typed === filledIn;
  return {
    ...(isFilledIn(draft.name, before?.id) && { name: chosen.id === "other" ? "" : chosen.id }),
    ...(isFilledIn(draft.url, before?.url) && { url: chosen.url ?? "" }),
    ...(isFilledIn(draft.query, before?.query) && { query: chosen.query ?? "" }),
    ...(isFilledIn(draft.dialect, before?.dialect) && { dialect: chosen.dialect ?? "" }),
  };
}

async function check(draft: EndpointDraft): Promise<Validation> {
  endpointBodyOf(draft);
  const name = draft.name.trim();
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(name)) {
    throw new ApiError(422, "invalid_field", "The name may have letters, digits, “.”, “_” and “-”.", "name");
  }
  const { data } = await get<ListOf<EndpointBody>>("/endpoints", { search: name, limit: 1000 });
  if (data.some((endpoint) => endpoint.name === name)) {
    throw new ApiError(409, "name_conflict", `There is already an endpoint named “${name}”.`, "name");
  }
  return post<Validation>("/endpoints/validate", connectionOf(draft));
}
