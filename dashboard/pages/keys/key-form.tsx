// The settings of a key, for making and for changing one.
import { useState } from "react";
import type { BodyKeepingBody } from "../../../src/api/body-keeping.ts";
import type { GroupBody } from "../../../src/api/groups.ts";
import type { KeyBody } from "../../../src/api/keys.ts";
import type { UserBody } from "../../../src/api/users.ts";
import { BodiesFields } from "../../components/bodies-fields.tsx";
import { CheckboxField, Form, TextArea, TextField } from "../../components/form.tsx";
import { LimitsFields } from "../../components/limits-fields.tsx";
import { type Choice, Picker } from "../../components/picker.tsx";
import { limitsPatch, newLimits, typedLimits } from "../../components/typed-limits.ts";
import { useReach } from "../../session/session.ts";

type Scope = KeyBody["scopes"][number];
const scopes: readonly (readonly [Scope, string, string])[] = [
  ["inference", "Call models", "What programs need."],
  ["passthrough", "Account paths and named endpoints", "Reaches providers' own APIs with the stored credentials."],
  ["admin", "Admin API", "Does all that an administrator does."],
];

export interface KeyFormProps<Result> {
  /** Null: a new one. */
  keyBody: KeyBody | null;
  /** Whose a new one is, where the page says so. */
  owner?: Choice;
  submitLabel: string;
  /** Takes the body of `POST /keys`, or of the PATCH. */
  onSubmit: (body: Record<string, unknown>) => Promise<Result>;
  onDone: (result: Result) => void;
  onCancel?: () => void;
}

export function KeyForm<Result>({ keyBody: key, owner, submitLabel, onSubmit, onDone, onCancel }: KeyFormProps<Result>) {
  const reach = useReach("keys.write");
  const [name, setName] = useState(key?.name ?? "");
  const [user, setUser] = useState<Choice | null>(owner ?? null);
  const [group, setGroup] = useState<Choice | null>(key && { id: key.group_id, label: key.group_name ?? key.group_id });
  const [models, setModels] = useState(key?.models?.join("\n") ?? "");
  const [chosen, setChosen] = useState<readonly Scope[]>(key?.scopes ?? ["inference"]);
  const [expires, setExpires] = useState(key?.expires_at ? localTime(key.expires_at) : "");
  const [limits, setLimits] = useState(typedLimits(key?.limits ?? null));
  const [bodies, setBodies] = useState<BodyKeepingBody | null>(key?.bodies ?? null);
  const mayAll = reach === "all";
  const submit = () => {
    const names = models
      .split(/[\n,]/)
      .map((text) => text.trim())
      .filter((text) => text !== "");
    return onSubmit({
      name,
      ...(key === null && { user_id: user?.id ?? null }),
      ...(group !== null && { group_id: group.id }),
      models: names.length === 0 ? null : names,
      expires_at: expiresAt(expires, key),
      ...(mayAll && { scopes: chosen, limits: key === null ? newLimits(limits) : limitsPatch(limits) }),
      bodies,
    });
  };
  return (
    <Form submitLabel={submitLabel} onSubmit={submit} onDone={onDone} onCancel={onCancel}>
      <TextField label="Name" name="name" required maxLength={100} value={name} onChange={setName} />
      {key === null && owner === undefined && reach !== "own" && (
        <Picker<UserBody>
          label="Owner"
          name="user_id"
          isOptional
          topic="users"
          path="/users"
          hint={
            mayAll ? "The key can do no more than this user. Without one it belongs to a service." : "Without one it is yours."
          }
          choiceOf={(found) => ({ id: found.id, label: found.email === null ? found.name : `${found.name} (${found.email})` })}
          chosen={user}
          onChange={setUser}
        />
      )}
      <Picker<GroupBody>
        label="Paid by"
        name="group_id"
        isOptional
        topic="groups"
        path="/groups"
        hint="A group. Without one: the owner's primary group, else everyone."
        choiceOf={(found) => ({ id: found.id, label: found.name })}
        chosen={group}
        onChange={setGroup}
      />
      <TextArea
        label="Models"
        name="models"
        isOptional
        rows={3}
        hint="Names or patterns such as llama-*, one a line. Empty: all that its owner may use."
        value={models}
        onChange={setModels}
      />
      <TextField label="Expires" name="expires_at" isOptional type="datetime-local" value={expires} onChange={setExpires} />
      {mayAll && (
        <fieldset className="flex flex-col gap-2 rounded-md border border-line p-3">
          <legend className="px-1 text-sm font-medium">What it is for</legend>
          {scopes.map(([scope, label, hint]) => (
            <CheckboxField
              key={scope}
              label={label}
              hint={hint}
              isChecked={chosen.includes(scope)}
              onChange={(isOn) => setChosen(isOn ? [...chosen, scope] : chosen.filter((other) => other !== scope))}
            />
          ))}
        </fieldset>
      )}
      {mayAll && (
        <LimitsFields
          legend="Limits of this key"
          hint="A call also has to be within the limits of its owner, of the group that pays and of its model."
          value={limits}
          onChange={setLimits}
        />
      )}
      <BodiesFields value={bodies} onChange={setBodies} />
    </Form>
  );
}

/** What was left alone keeps its seconds, which the field does not show. */
function expiresAt(typed: string, key: KeyBody | null): string | null {
  if (typed === "") return null;
  return key?.expires_at && localTime(key.expires_at) === typed ? key.expires_at : new Date(typed).toISOString();
}

/** As `datetime-local` takes it: the browser's time zone, to the minute. */
function localTime(at: string): string {
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
