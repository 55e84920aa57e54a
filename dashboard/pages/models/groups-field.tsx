// Whose members may use a model: everybody who is granted its name, or of those only the members of some groups.
import { X } from "lucide-react";
import { useState } from "react";
import type { GroupBody } from "../../../src/api/groups.ts";
import { CheckboxField } from "../../components/form.tsx";
import { Picker } from "../../components/picker.tsx";

interface GroupsFieldProps {
  /** Names, ids or external ids; null: no restriction. */
  groups: readonly string[] | null;
  onChange: (groups: readonly string[] | null) => void;
}

export function GroupsField({ groups, onChange }: GroupsFieldProps) {
  return (
    <fieldset className="flex flex-col gap-3 rounded-md border border-line p-3">
      <legend className="px-1 text-sm font-medium">Who may use it</legend>
      <CheckboxField
        label="Only members of some groups"
        hint="Of those whose groups grant the model. Else: all of them."
        isChecked={groups !== null}
        onChange={(isOn) => onChange(isOn ? [] : null)}
      />
      {groups !== null && <ChosenGroups groups={groups} onChange={onChange} />}
    </fieldset>
  );
}

function ChosenGroups({ groups, onChange }: { groups: readonly string[]; onChange: (groups: readonly string[]) => void }) {
  const [added, setAdded] = useState(0);
  return (
    <>
      {groups.length > 0 && (
        <ul aria-label="Groups that may use it" className="flex flex-wrap gap-2">
          {groups.map((group) => (
            <li key={group} className="inline-flex items-center gap-1 rounded-full bg-raised pl-3 text-sm">
              {group}
              <button
                type="button"
                aria-label={`Remove ${group}`}
                className="inline-flex size-8 items-center justify-center rounded-full text-muted hover:text-ink"
                onClick={() => onChange(groups.filter((other) => other !== group))}
              >
                <X size={14} aria-hidden />
              </button>
            </li>
          ))}
        </ul>
      )}
      <Picker<GroupBody>
        key={added}
        label="Add group"
        name="groups"
        topic="groups"
        path="/groups"
        {...(groups.length === 0 && { hint: "At least one group is needed." })}
        choiceOf={({ id, name }) => ({ id, label: name })}
        chosen={null}
        onChange={(choice) => {
          if (choice === null) return;
          if (!groups.includes(choice.label)) onChange([...groups, choice.label]);
          setAdded(added + 1);
        }}
      />
    </>
  );
}
