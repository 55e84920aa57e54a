// The settings of a user, for adding and for changing one.
import { useState } from "react";
import type { GroupBody } from "../../../src/api/groups.ts";
import type { UserBody } from "../../../src/api/users.ts";
import { Form, SelectField, TextField } from "../../components/form.tsx";
import { LimitsFields } from "../../components/limits-fields.tsx";
import { type Choice, Picker } from "../../components/picker.tsx";
import { limitsPatch, newLimits, typedLimits } from "../../components/typed-limits.ts";
import { roleHints, roleOptions } from "./role-options.ts";

export interface UserFormProps<Result> {
  /** Null: a new one. */
  user: UserBody | null;
  /** What the primary group is called, where the user has one. */
  primaryGroup?: Choice | null;
  submitLabel: string;
  /** Takes the body of `POST /users`, or of the PATCH. */
  onSubmit: (body: Record<string, unknown>) => Promise<Result>;
  onDone: (result: Result) => void;
  onCancel?: () => void;
}

export function UserForm<Result>({ user, primaryGroup = null, submitLabel, onSubmit, onDone, onCancel }: UserFormProps<Result>) {
  const [name, setName] = useState(user?.name ?? "");
  const [email, setEmail] = useState(user?.email ?? "");
  const [role, setRole] = useState<UserBody["role"]>(user?.role ?? "member");
  const [group, setGroup] = useState<Choice | null>(primaryGroup);
  const [limits, setLimits] = useState(typedLimits(user?.limits ?? null));
  const submit = () =>
    onSubmit({
      name,
      email: email === "" ? null : email,
      role,
      primary_group_id: group?.id ?? null,
      ...limitsOf(user, limits),
    });
  return (
    <Form submitLabel={submitLabel} onSubmit={submit} onDone={onDone} onCancel={onCancel}>
      <TextField label="Name" name="name" required maxLength={200} value={name} onChange={setName} />
      <TextField
        label="E-mail address"
        name="email"
        type="email"
        isOptional
        hint="Needed to sign in with a password."
        value={email}
        onChange={setEmail}
      />
      <SelectField
        label="Role"
        name="role"
        options={roleOptions}
        hint={roleHints[role]}
        value={role}
        onChange={(value) => setRole(value as UserBody["role"])}
      />
      <Picker<GroupBody>
        label="Primary group"
        name="primary_group_id"
        isOptional
        topic="groups"
        path="/groups"
        hint="Pays where nothing else says who does."
        choiceOf={(found) => ({ id: found.id, label: found.name })}
        chosen={group}
        onChange={setGroup}
      />
      <LimitsFields
        legend="Limits of this user"
        hint="Of all of their keys and sign-ins together."
        value={limits}
        onChange={setLimits}
      />
    </Form>
  );
}

/** Left out where nothing is set and nothing was: the user keeps the default of callers with a token. */
function limitsOf(user: UserBody | null, typed: ReturnType<typeof typedLimits>): { limits?: unknown } {
  if (user === null) return { limits: newLimits(typed) };
  return user.limits === null && newLimits(typed) === null ? {} : { limits: limitsPatch(typed) };
}
