// The fields of an endpoint that both its forms have: name, URL, and what is rarely needed under "Advanced".
import { CheckboxField, SelectField, TextArea, TextField } from "../../components/form.tsx";
import type { EndpointDraft } from "./endpoint-draft.ts";

export interface DraftProps {
  draft: EndpointDraft;
  change: (changes: Partial<EndpointDraft>) => void;
}

export function NameAndUrlFields({ draft, change, exampleUrl }: DraftProps & { exampleUrl: string }) {
  return (
    <>
      <div className="grid grid-cols-1 gap-4 md:grid-cols-2">
        <TextField
          label="Name"
          name="name"
          required
          maxLength={64}
          hint="Letters, digits, “.”, “_” and “-”. It appears in URLs and in usage."
          value={draft.name}
          onChange={(name) => change({ name })}
        />
        <TextField
          label="Description"
          name="description"
          isOptional
          maxLength={2000}
          value={draft.description}
          onChange={(description) => change({ description })}
        />
      </div>
      <TextField
        label="URL"
        name="url"
        required
        inputMode="url"
        placeholder={exampleUrl}
        hint="The base of the API. Without a path, the usual version (/v1) is added."
        value={draft.url}
        onChange={(url) => change({ url })}
      />
    </>
  );
}

const dialects = [
  ["openai", "OpenAI"],
  ["anthropic", "Anthropic"],
  ["azure", "Azure OpenAI"],
  ["gemini", "Gemini"],
] as const;

/** `hasAutomaticDialect`: not chosen yet, so the URL may decide. */
export function AuthorizationFields({ draft, change, hasAutomaticDialect }: DraftProps & { hasAutomaticDialect: boolean }) {
  return (
    <div className="grid grid-cols-1 gap-4 md:grid-cols-2">
      <SelectField
        label="Dialect"
        name="dialect"
        hint="The format in which the endpoint is spoken to."
        options={hasAutomaticDialect ? [["", "By the URL's host"], ...dialects] : dialects}
        value={draft.dialect}
        onChange={(dialect) => change({ dialect })}
      />
      <TextField
        label="Header of the key"
        name="auth_header_name"
        isOptional
        placeholder="as the dialect has it"
        value={draft.authHeaderName}
        onChange={(authHeaderName) => change({ authHeaderName })}
      />
      <TextField
        label="What precedes the key"
        name="auth_header_prefix"
        isOptional
        placeholder="“Bearer ” in Authorization"
        hint="With the space at its end, if there is one."
        disabled={draft.hasNoPrefix}
        value={draft.hasNoPrefix ? "" : draft.authHeaderPrefix}
        onChange={(authHeaderPrefix) => change({ authHeaderPrefix })}
      />
      <div className="md:pt-7">
        <CheckboxField
          label="Nothing precedes the key"
          isChecked={draft.hasNoPrefix}
          onChange={(hasNoPrefix) => change({ hasNoPrefix })}
        />
      </div>
      <TextArea
        label="Headers"
        name="headers"
        isOptional
        rows={3}
        placeholder="x-team: research"
        hint="One “name: value” a line, sent with every call. Not for the key."
        value={draft.headers}
        onChange={(headers) => change({ headers })}
      />
      <TextArea
        label="Query parameters"
        name="query"
        isOptional
        rows={3}
        placeholder="api-version=2024-10-21"
        hint="One “name=value” a line, added to every URL."
        value={draft.query}
        onChange={(query) => change({ query })}
      />
    </div>
  );
}
