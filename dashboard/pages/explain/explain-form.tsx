// What is asked: which model, as whom, on which path. Sending it puts it into the URL.
import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { listQuery } from "../../api/queries.ts";
import { Form } from "../../components/form.tsx";
import { type Caller, CallerField } from "./caller-field.tsx";
import { defaultPath, type ExplainQuestion, usualPaths } from "./explain-question.ts";
import { SuggestedField } from "./suggested-field.tsx";

const suggestedMax = 20;

export interface ExplainFormProps {
  initial: ExplainQuestion | null;
  onAsk: (question: ExplainQuestion) => void;
}

export function ExplainForm({ initial, onAsk }: ExplainFormProps) {
  const [model, setModel] = useState(initial?.model ?? "");
  const [path, setPath] = useState(initial?.path ?? "");
  const [caller, setCaller] = useState<Caller>(callerOf(initial));
  const search = useDeferredValue(model.trim());
  const models = useQuery(listQuery<{ name: string }>("models", "/models", { search, limit: suggestedMax }));
  const submit = async () => {
    const { kind, id } = caller;
    onAsk({
      model: model.trim(),
      key: kind === "key" && id !== null ? id : undefined,
      user: kind === "user" && id !== null ? id : undefined,
      path: path.trim() === "" || path.trim() === defaultPath ? undefined : path.trim(),
    });
  };
  const isIncomplete = model.trim() === "" || (caller.kind !== "any" && caller.id === null);
  return (
    <Form submitLabel="Explain" onSubmit={submit} isIncomplete={isIncomplete}>
      <div className="grid grid-cols-1 gap-4 md:grid-cols-2">
        <SuggestedField
          label="Model"
          name="model"
          placeholder="The name that callers use"
          required
          suggestions={(models.data?.data ?? []).map(({ name }) => name)}
          value={model}
          onChange={setModel}
        />
        <SuggestedField
          label="Path"
          name="path"
          placeholder={defaultPath}
          isOptional
          suggestions={usualPaths}
          value={path}
          onChange={setPath}
        />
        <CallerField caller={caller} onChange={setCaller} />
      </div>
    </Form>
  );
}

function callerOf(question: ExplainQuestion | null): Caller {
  if (question?.key) return { kind: "key", id: question.key };
  return question?.user ? { kind: "user", id: question.user } : { kind: "any", id: null };
}
