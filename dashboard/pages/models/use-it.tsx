// How to call a model: snippets for the usual clients, with a key that can be made on the spot.
import type { NewKeyBody } from "../../../src/api/keys.ts";
import { gatewayUrl } from "../../base-path.ts";
import { Card } from "../../components/card.tsx";
import { CodeBlock, CopyLine } from "../../components/copyable.tsx";
import { Tabs } from "../../components/tabs.tsx";
import { useCan } from "../../session/session.ts";
import { type Snippet, snippetsOf } from "./snippets.ts";
import { UseItKey } from "./use-it-key.tsx";

export interface UseItProps {
  model: { name: string };
  /** The key that stands in the snippets. */
  made: NewKeyBody | null;
  onMade: (key: NewKeyBody) => void;
}

export function UseIt({ model, made, onMade }: UseItProps) {
  const mayMakeKeys = useCan("keys.write");
  const snippets = snippetsOf({ gatewayUrl, model: model.name, key: made?.key ?? null });
  return (
    <div className="flex flex-col gap-5">
      <div className="grid grid-cols-1 gap-5 md:grid-cols-2">
        <Card title="Model and address">
          <div className="flex flex-col gap-3">
            <Labelled label="Model">
              <CopyLine text={model.name} label="model name" />
            </Labelled>
            <Labelled label="Base URL of OpenAI clients">
              <CopyLine text={`${gatewayUrl}/v1`} label="base URL of OpenAI clients" />
            </Labelled>
            <Labelled label="Base URL of Anthropic clients">
              <CopyLine text={gatewayUrl} label="base URL of Anthropic clients" />
            </Labelled>
          </div>
        </Card>
        {mayMakeKeys && <UseItKey modelName={model.name} made={made} onMade={onMade} />}
      </div>
      <Card
        title="Call it"
        description={
          made === null ? (
            <>
              The key is read from the environment variable <code className="font-mono">HEADGATE_API_KEY</code>
              {mayMakeKeys && ", until you create one here"}.
            </>
          ) : (
            "Your new key stands in all of them."
          )
        }
      >
        <Tabs
          label="Clients"
          name="client"
          tabs={snippets.map((snippet) => ({
            id: snippet.id,
            label: snippet.label,
            content: <SnippetFiles snippet={snippet} />,
          }))}
        />
      </Card>
    </div>
  );
}

function Labelled({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <div className="flex flex-col gap-1">
      <div className="text-sm text-muted">{label}</div>
      {children}
    </div>
  );
}

const needs: Record<Snippet["api"], string> = {
  "chat completions": "Uses the API of OpenAI's chat completions, which most endpoints have.",
  messages: "Uses Anthropic's messages API: what serves the model must have it, as Anthropic and vLLM do.",
  responses: "Uses OpenAI's responses API: what serves the model must have it, as OpenAI and vLLM do.",
};

function SnippetFiles({ snippet: { label, files, api } }: { snippet: Snippet }) {
  return (
    <div className="flex flex-col gap-3">
      {files.map(({ name, code }) => (
        <div key={name} className="flex min-w-0 flex-col gap-1">
          {files.length > 1 && <div className="font-mono text-xs text-muted">{name}</div>}
          <CodeBlock code={code} label={files.length > 1 ? `${label}: ${name}` : label} />
        </div>
      ))}
      <p className="text-sm text-muted">{needs[api]} Headgate passes calls on in the shape that they have.</p>
    </div>
  );
}
