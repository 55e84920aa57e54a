// Forms: the server says which field is wrong, and it is said at that field.
import { useMutation } from "@tanstack/react-query";
import { type ComponentProps, createContext, type ReactNode, useContext, useId, useRef } from "react";
import { ApiError } from "../api/client.ts";
import { Button } from "./button.tsx";
import { messageOf, Notice } from "./notice.tsx";

/** The failure of the last submission, for the field that it names. */
const Failure = createContext<{ error: ApiError | null; shownFields: Set<string> }>({ error: null, shownFields: new Set() });

export interface FormProps<Result> {
  /** Sends what was filled in; an ApiError is shown at its field, or above the buttons. */
  onSubmit: () => Promise<Result>;
  onDone?: (result: Result) => void;
  submitLabel: string;
  onCancel?: (() => void) | undefined;
  /** Something is missing that only the form knows of. */
  isIncomplete?: boolean;
  /** Beside the submit button. */
  extraActions?: ReactNode;
  /** Why a later step failed, until this form is sent again. */
  laterError?: unknown;
  children: ReactNode;
}

export function Form<Result>(props: FormProps<Result>) {
  const { onSubmit, onDone, submitLabel, onCancel, isIncomplete = false, extraActions, laterError = null, children } = props;
  const submission = useMutation({ mutationFn: onSubmit, onSuccess: (result) => onDone?.(result) });
  // The state of the submission is shown a moment after it has begun: a double click must not begin another one.
  const isSending = useRef(false);
  const failure = submission.status === "idle" ? laterError : submission.error;
  const error = failure instanceof ApiError ? failure : null;
  const shownFields = new Set<string>();
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (isSending.current) return;
        isSending.current = true;
        submission.mutate(undefined, {
          onSettled: () => {
            isSending.current = false;
          },
        });
      }}
    >
      <Failure value={{ error, shownFields }}>
        {children}
        <Remaining error={failure} shownFields={shownFields} />
      </Failure>
      <div className="flex flex-wrap justify-end gap-2">
        {extraActions}
        {onCancel && <Button onClick={onCancel}>Cancel</Button>}
        <Button type="submit" look="primary" isBusy={submission.isPending} disabled={isIncomplete}>
          {submitLabel}
        </Button>
      </div>
    </form>
  );
}

/** The field that the last submission failed at, e.g. to open the part of the form that holds it. */
export function useFailedField(): string | null {
  return useContext(Failure).error?.field ?? null;
}

/** A failure that no field has shown; rendered after all of them. */
function Remaining({ error, shownFields }: { error: unknown; shownFields: Set<string> }) {
  if (!error) return null;
  const field = error instanceof ApiError ? error.field : null;
  if (field !== null && [...shownFields].some((name) => isPartOf(field, name))) return null;
  return (
    <Notice tone="bad">
      {field !== null && <code className="mr-1 font-mono">{field}</code>}
      {messageOf(error)}
    </Notice>
  );
}

const isPartOf = (field: string, name: string) => field === name || field.startsWith(`${name}.`);

export interface FieldProps {
  label: string;
  /** The API's name of it: its errors are shown here. */
  name?: string;
  hint?: ReactNode;
  isOptional?: boolean;
}

interface Wiring {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": boolean | undefined;
}

/** Label, hint and error around one control. */
export function Field({ label, name, hint, isOptional, children }: FieldProps & { children: (wiring: Wiring) => ReactNode }) {
  const id = useId();
  const { error, shownFields } = useContext(Failure);
  if (name !== undefined) shownFields.add(name);
  const isWrong = error?.field !== null && error?.field !== undefined && name !== undefined && isPartOf(error.field, name);
  const described = [hint ? `${id}-hint` : "", isWrong ? `${id}-error` : ""].filter((part) => part !== "").join(" ");
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
        {isOptional && <span className="ml-1.5 font-normal text-muted">optional</span>}
      </label>
      {children({ id, "aria-describedby": described === "" ? undefined : described, "aria-invalid": isWrong || undefined })}
      {isWrong && (
        <p id={`${id}-error`} role="alert" className="text-sm text-bad">
          {withoutField(error)}
        </p>
      )}
      {hint && (
        <p id={`${id}-hint`} className="text-sm text-muted">
          {hint}
        </p>
      )}
    </div>
  );
}

/** The field is beside it: its name need not be said. */
function withoutField({ message, field }: ApiError): string {
  return field !== null && message.startsWith(`${field}: `) ? message.slice(field.length + 2) : message;
}

/** The look of everything one types or chooses in. */
export const controlClass =
  "min-w-0 rounded-md border border-line-strong bg-surface px-2.5 py-1.5 min-h-9 text-sm disabled:opacity-60 aria-invalid:border-bad";

type Change = { value: string; onChange: (value: string) => void };

type ControlProps<Tag extends "input" | "textarea" | "select"> = FieldProps &
  Change &
  Omit<ComponentProps<Tag>, keyof FieldProps | keyof Change>;

/** Parts what is said around a control from what the control itself is given. */
function apart<Props extends FieldProps & Change>({ label, name, hint, isOptional, onChange, ...given }: Props) {
  const change = (event: { target: { value: string } }) => onChange(event.target.value);
  return {
    field: { label, name, hint, isOptional },
    control: { ...given, className: `w-full ${controlClass}`, onChange: change },
  };
}

export function TextField(props: ControlProps<"input">) {
  const { field, control } = apart(props);
  return <Field {...field}>{(wiring) => <input type="text" autoComplete="off" {...control} {...wiring} />}</Field>;
}

export function TextArea(props: ControlProps<"textarea">) {
  const { field, control } = apart(props);
  return <Field {...field}>{(wiring) => <textarea rows={4} spellCheck={false} {...control} {...wiring} />}</Field>;
}

export function SelectField({
  options,
  ...props
}: ControlProps<"select"> & { options: readonly (readonly [value: string, label: string])[] }) {
  const { field, control } = apart(props);
  return (
    <Field {...field}>
      {(wiring) => (
        <select {...control} {...wiring}>
          {options.map(([option, text]) => (
            <option key={option} value={option}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function CheckboxField({
  label,
  hint,
  isChecked,
  onChange,
  isDisabled = false,
}: {
  label: ReactNode;
  hint?: ReactNode;
  isChecked: boolean;
  onChange: (isChecked: boolean) => void;
  isDisabled?: boolean;
}) {
  const id = useId();
  return (
    <div className="flex items-start gap-2.5">
      <input
        id={id}
        type="checkbox"
        className="mt-0.5 size-4 accent-accent"
        checked={isChecked}
        disabled={isDisabled}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(event) => onChange(event.target.checked)}
      />
      <div className="min-w-0">
        <label htmlFor={id} className="text-sm font-medium">
          {label}
        </label>
        {hint && (
          <p id={`${id}-hint`} className="text-sm text-muted">
            {hint}
          </p>
        )}
      </div>
    </div>
  );
}
