// Where one types: Enter sends, Shift and Enter is a new line.
import { SendHorizontal, Square } from "lucide-react";
import { type RefObject, useId, useState } from "react";
import { Button } from "../../components/button.tsx";
import { controlClass } from "../../components/form.tsx";

export interface ComposerProps {
  isRunning: boolean;
  /** Why nothing can be sent; null: it can. */
  obstacle: string | null;
  canClear: boolean;
  field: RefObject<HTMLTextAreaElement | null>;
  onSend: (prompt: string) => void;
  onStop: () => void;
  onClear: () => void;
}

export function Composer({ isRunning, obstacle, canClear, field, onSend, onStop, onClear }: ComposerProps) {
  const [text, setText] = useState("");
  const id = useId();
  const canSend = !isRunning && obstacle === null && text.trim() !== "";
  const send = () => {
    if (!canSend) return;
    onSend(text);
    setText("");
  };
  return (
    <form
      className="flex flex-col gap-2 rounded-lg border border-line bg-surface p-3"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <label htmlFor={id} className="sr-only">
        Message
      </label>
      <textarea
        id={id}
        ref={field}
        rows={3}
        aria-describedby={`${id}-hint`}
        placeholder="Ask something"
        className={`w-full ${controlClass}`}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          // While a word is being composed, Enter takes the word.
          if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
          event.preventDefault();
          send();
        }}
      />
      <div className="flex flex-wrap items-center justify-between gap-2">
        <p id={`${id}-hint`} className="text-xs text-muted">
          {obstacle ?? "Enter sends, Shift+Enter is a new line. Nothing is stored here, and calls count as yours."}
        </p>
        <div className="ml-auto flex gap-2">
          <Button look="quiet" disabled={!canClear} onClick={onClear}>
            Clear
          </Button>
          {isRunning ? (
            <Button icon={<Square size={15} aria-hidden />} onClick={onStop}>
              Stop
            </Button>
          ) : (
            <Button look="primary" type="submit" icon={<SendHorizontal size={15} aria-hidden />} disabled={!canSend}>
              Send
            </Button>
          )}
        </div>
      </div>
    </form>
  );
}
