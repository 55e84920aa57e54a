// The settings of a group, for making and for changing one.
import { useState } from "react";
import type { BodyKeepingBody } from "../../../src/api/body-keeping.ts";
import type { GroupBody } from "../../../src/api/groups.ts";
import { BodiesFields } from "../../components/bodies-fields.tsx";
import { Form, TextArea, TextField } from "../../components/form.tsx";
import { LimitsFields } from "../../components/limits-fields.tsx";
import { limitsPatch, newLimits, typedLimits } from "../../components/typed-limits.ts";

export interface GroupFormProps {
  /** Null: a new one. */
  group: GroupBody | null;
  submitLabel: string;
  /** Takes the body of `POST /groups`, or of the PATCH. */
  onSubmit: (body: Record<string, unknown>) => Promise<GroupBody>;
  onDone: (group: GroupBody) => void;
  onCancel?: () => void;
}

export function GroupForm({ group, submitLabel, onSubmit, onDone, onCancel }: GroupFormProps) {
  const [name, setName] = useState(group?.name ?? "");
  const [models, setModels] = useState(group?.models.join("\n") ?? "");
  const [limits, setLimits] = useState(typedLimits(group?.limits ?? null));
  const [bodies, setBodies] = useState<BodyKeepingBody | null>(group?.bodies ?? null);
  const submit = () =>
    onSubmit({
      ...(name !== group?.name && { name }),
      models: models
        .split(/[\n,]/)
        .map((text) => text.trim())
        .filter((text) => text !== ""),
      limits: group === null ? newLimits(limits) : limitsPatch(limits),
      bodies,
    });
  return (
    <Form submitLabel={submitLabel} onSubmit={submit} onDone={onDone} onCancel={onCancel}>
      <TextField label="Name" name="name" required maxLength={100} value={name} onChange={setName} />
      <TextArea
        label="Models its members may use"
        name="models"
        isOptional
        rows={4}
        hint="Names or patterns such as llama-* or *, one a line. Empty: none."
        value={models}
        onChange={setModels}
      />
      <LimitsFields
        legend="Limits of this group"
        hint="Of all calls that it pays, together."
        value={limits}
        onChange={setLimits}
      />
      <BodiesFields value={bodies} onChange={setBodies} />
    </Form>
  );
}
