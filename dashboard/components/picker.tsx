// Choosing one of many resources by name: what is typed is searched for on the server.
import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useEffect, useRef, useState } from "react";
import type { Query } from "../api/client.ts";
import { listQuery, type Subject } from "../api/queries.ts";
import { controlClass, Field, type FieldProps } from "./form.tsx";

export interface Choice {
  id: string;
  label: string;
}

export interface PickerProps<Item> extends FieldProps {
  topic: Subject;
  path: string;
  /** What the list is narrowed to besides what is typed. */
  query?: Query;
  /** One choice, or several, that an item offers. */
  choiceOf: (item: Item) => Choice | readonly Choice[];
  chosen: Choice | null;
  onChange: (choice: Choice | null) => void;
  placeholder?: string;
}

const shownMax = 20;

/** A text field with suggestions; what names none of them is no choice. */
export function Picker<Item>({ topic, path, query, choiceOf, chosen, onChange, placeholder, ...field }: PickerProps<Item>) {
  const [text, setText] = useState(chosen?.label ?? "");
  const search = useDeferredValue(chosen?.label === text ? "" : text.trim());
  const found = useQuery(listQuery<Item>(topic, path, { ...query, search, limit: shownMax }));
  const choices = (found.data?.data ?? []).flatMap(choiceOf);
  const input = useRef<HTMLInputElement>(null);
  const told = useRef(chosen?.id);
  // What stands here because it was chosen elsewhere goes when it is taken back there.
  const isTyped = useRef(false);
  const tell = (choice: Choice | null) => {
    told.current = choice?.id;
    onChange(choice);
  };
  // Chosen elsewhere: Back, or a link.
  useEffect(() => {
    if (told.current === chosen?.id) return;
    told.current = chosen?.id;
    isTyped.current = false;
    setText(chosen?.label ?? "");
  }, [chosen?.id, chosen?.label]);
  // Else a form would be sent as if nothing stood here.
  useEffect(() => {
    input.current?.setCustomValidity(text.trim() !== "" && chosen === null ? "Choose one of the list, or leave it empty." : "");
  }, [text, chosen]);
  const isUnknown = text.trim() !== "" && chosen === null && !found.isFetching;
  // Typed in full before the list that has it came.
  const named = chosen === null && text !== "" ? choices.find(({ label }) => label === text) : undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what was found is followed
  useEffect(() => {
    if (named !== undefined && isTyped.current) tell(named);
  }, [named?.id]);
  const type = (typed: string) => {
    isTyped.current = true;
    setText(typed);
    tell(choices.find(({ label }) => label === typed) ?? null);
  };
  return (
    <Field {...field} hint={isUnknown ? "Choose one of the list." : field.hint}>
      {(wiring) => (
        <>
          <input
            {...wiring}
            ref={input}
            type="text"
            autoComplete="off"
            className={`w-full ${controlClass}`}
            placeholder={placeholder ?? "Type to search"}
            list={`${wiring.id}-choices`}
            value={text}
            onChange={(event) => type(event.target.value)}
          />
          <datalist id={`${wiring.id}-choices`}>
            {choices.map(({ id, label }) => (
              <option key={id} value={label} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}
