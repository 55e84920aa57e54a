// As whom a call is explained: nobody in particular, a key, a user; those who see only their own, themselves or a key of theirs.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { KeyBody } from "../../../src/api/keys.ts";
import type { UserBody } from "../../../src/api/users.ts";
import { itemQuery } from "../../api/queries.ts";
import { SelectField, TextField } from "../../components/form.tsx";
import { type Choice, Picker } from "../../components/picker.tsx";
import { useReach, useSession } from "../../session/session.ts";

/** `id` null: none is chosen yet. */
export interface Caller {
  kind: "any" | "key" | "user";
  id: string | null;
}

interface CallerFieldProps {
  caller: Caller;
  onChange: (caller: Caller) => void;
}

export function CallerField({ caller, onChange }: CallerFieldProps) {
  const asksForAll = useReach("explain") === "all";
  const seesUsers = useReach("users.read") === "all" && asksForAll;
  const seesKeys = useReach("keys.read") !== null;
  const options = [
    ["any", asksForAll ? "Somebody who may use every model" : "Me"],
    ...(seesKeys ? [["key", asksForAll ? "A key" : "One of my keys"]] : []),
    ...(seesUsers ? [["user", "A user"]] : []),
  ] as [Caller["kind"], string][];
  return (
    <>
      <SelectField
        label="As whom"
        options={options}
        value={caller.kind}
        onChange={(kind) => onChange({ kind: kind as Caller["kind"], id: null })}
      />
      {caller.kind === "key" && (
        <Named<KeyBody> path="/keys" id={caller.id} topic="keys" labelOf={keyLabel}>
          {(chosen) => (
            <KeyPicker
              chosen={chosen}
              isOwn={!asksForAll}
              onChange={(choice) => onChange({ kind: "key", id: choice?.id ?? null })}
            />
          )}
        </Named>
      )}
      {caller.kind === "user" && (
        <Named<UserBody> path="/users" id={caller.id} topic="users" labelOf={userLabel}>
          {(chosen) => (
            <Picker<UserBody>
              label="User"
              name="user_id"
              topic="users"
              path="/users"
              choiceOf={(user) => ({ id: user.id, label: userLabel(user) })}
              chosen={chosen}
              onChange={(choice) => onChange({ kind: "user", id: choice?.id ?? null })}
            />
          )}
        </Named>
      )}
    </>
  );
}

const keyLabel = ({ name, prefix }: KeyBody) => `${name} (${prefix}…)`;
const userLabel = ({ name, email, id }: UserBody) => `${name} (${email ?? id})`;

interface KeyPickerProps {
  chosen: Choice | null;
  isOwn: boolean;
  onChange: (choice: Choice | null) => void;
}

function KeyPicker({ chosen, isOwn, onChange }: KeyPickerProps) {
  const { user_id: userId } = useSession();
  return (
    <Picker<KeyBody>
      label="Key"
      name="key_id"
      topic="keys"
      path="/keys"
      {...(isOwn && { query: { user: userId } })}
      choiceOf={(key) => ({ id: key.id, label: keyLabel(key) })}
      chosen={chosen}
      onChange={onChange}
    />
  );
}

interface NamedProps<Item> {
  path: string;
  topic: "keys" | "users";
  id: string | null;
  labelOf: (item: Item) => string;
  children: (chosen: Choice | null) => React.ReactNode;
}

/** An id, as a URL has it, needs its name before it can stand in a picker. */
function Named<Item>({ path, topic, id, labelOf, children }: NamedProps<Item>) {
  const query = useQuery({ ...itemQuery<Item>(topic, `${path}/${encodeURIComponent(id ?? "")}`), enabled: id !== null });
  // What is chosen here stands in the picker already: taking it away for a moment would take the focus too.
  const [given] = useState(id);
  if (id !== null && id === given && query.isPending) return <TextField label="…" disabled value="" onChange={() => {}} />;
  return children(id === null ? null : { id, label: query.data === undefined ? id : labelOf(query.data) });
}
