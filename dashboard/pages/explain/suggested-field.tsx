// A text field with suggestions, in which anything may be typed.
import { useId } from "react";
import { TextField } from "../../components/form.tsx";

export interface SuggestedFieldProps {
  label: string;
  name: string;
  hint?: string;
  placeholder?: string;
  required?: boolean;
  isOptional?: boolean;
  suggestions: readonly string[];
  value: string;
  onChange: (value: string) => void;
}

export function SuggestedField({ suggestions, ...field }: SuggestedFieldProps) {
  const id = useId();
  return (
    <div>
      <TextField {...field} list={id} maxLength={2000} />
      <datalist id={id}>
        {suggestions.map((text) => (
          <option key={text} value={text} />
        ))}
      </datalist>
    </div>
  );
}
