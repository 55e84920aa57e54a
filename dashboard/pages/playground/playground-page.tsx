// Chat with a model, or with two side by side, as oneself.
import { useQuery } from "@tanstack/react-query";
import { Columns2, X } from "lucide-react";
import { useRef, useState } from "react";
import type { CatalogueModelBody } from "../../../src/api/models.ts";
import { listQuery } from "../../api/queries.ts";
import { Button, IconButton } from "../../components/button.tsx";
import { useUrlFilters } from "../../components/filters.tsx";
import { Page } from "../../components/page.tsx";
import { ChatColumn } from "./chat-column.tsx";
import { Composer } from "./composer.tsx";
import { type Conversation, type Settings, useConversation } from "./conversation.ts";
import { ModelChoice } from "./model-choice.tsx";
import { SettingsFields } from "./settings-fields.tsx";

export function PlaygroundPage() {
  const { search, set } = useUrlFilters();
  const [isComparing, setComparing] = useState(search.second !== undefined);
  const [settings, setSettings] = useState<Settings>({ system: "", temperature: "", maxTokens: "" });
  const [running, setRunning] = useState(0);
  const [announced, setAnnounced] = useState("");
  const [first, second] = [useConversation(), useConversation()];
  const field = useRef<HTMLTextAreaElement>(null);

  const ask = async (conversation: Conversation, model: string, prompt: string) => {
    setRunning((count) => count + 1);
    const answer = await conversation.send(model, prompt, settings);
    setRunning((count) => count - 1);
    const { state, error } = answer.get();
    setAnnounced(announcements[state](model, error));
  };
  const send = (prompt: string) => {
    setAnnounced("");
    if (search.model) void ask(first, search.model, prompt);
    if (isComparing && search.second) void ask(second, search.second, prompt);
  };
  const stop = () => {
    first.stop();
    second.stop();
  };
  const clear = () => {
    first.clear();
    second.clear();
    setAnnounced("Cleared.");
    field.current?.focus();
  };
  const removeSecond = () => {
    second.clear();
    setComparing(false);
    set({ second: undefined }, { isReplacing: true });
  };
  return (
    <Page
      title="Playground"
      description="Try the models that you may use. Calls run as you, within your limits, and are counted like any other."
      actions={
        !isComparing && (
          <Button icon={<Columns2 size={16} aria-hidden />} onClick={() => setComparing(true)}>
            Compare
          </Button>
        )
      }
    >
      <div className="flex flex-col gap-3">
        <SettingsFields value={settings} onChange={setSettings} />
        <div className={`grid grid-cols-1 gap-3 ${isComparing ? "md:grid-cols-2" : ""}`}>
          <ChatColumn
            label="Conversation"
            picker={<ModelChoice label="Model" name="model" />}
            turns={first.turns}
            empty={search.model ? "The conversation appears here." : <ChooseFirst />}
          />
          {isComparing && (
            <ChatColumn
              label="Second conversation"
              picker={
                <div className="flex items-end gap-1">
                  <div className="min-w-0 flex-1">
                    <ModelChoice label="Second model" name="second" />
                  </div>
                  <IconButton label="Remove second model" icon={<X size={16} aria-hidden />} onClick={removeSecond} />
                </div>
              }
              turns={second.turns}
              empty={search.second ? "It gets the same questions from now on." : "Choose a second model to compare with."}
            />
          )}
        </div>
        <Composer
          isRunning={running > 0}
          obstacle={obstacleOf(search.model, isComparing, search.second)}
          canClear={first.turns.length + second.turns.length > 0}
          field={field}
          onSend={send}
          onStop={stop}
          onClear={clear}
        />
      </div>
      <div role="status" className="sr-only">
        {announced}
      </div>
    </Page>
  );
}

/** Or why one can't. */
function ChooseFirst() {
  const { data } = useQuery(listQuery<CatalogueModelBody>("models", "/models", { usable: "true", limit: 1 }));
  if (data === undefined || data.data.length > 0) return "Choose a model, then ask it something.";
  return "There is no model that you may use. A group that you are in must be granted one: an administrator can do that.";
}

const announcements = {
  running: () => "",
  done: (model: string) => `${model} has answered.`,
  stopped: (model: string) => `The answer of ${model} was stopped.`,
  failed: (model: string, error: string | null) => `${model} has not answered: ${error}`,
} as const satisfies Record<string, (model: string, error: string | null) => string>;

function obstacleOf(model: string | undefined, isComparing: boolean, second: string | undefined): string | null {
  if (!model) return "Choose a model first.";
  return isComparing && !second ? "Choose the second model, or remove it." : null;
}
