// Dialogs on the browser's own <dialog>: it traps the focus, closes with Escape, and makes the page behind it inert.
import { X } from "lucide-react";
import { type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { IconButton } from "./button.tsx";

export interface DialogProps {
  title: string;
  description?: ReactNode;
  onClose: () => void;
  /** Wide enough for code. */
  isWide?: boolean;
  /** Escape and a click beside it do not close it: for what is shown once. */
  isSticky?: boolean;
  children: ReactNode;
}

const firstField = 'input:not(:disabled, [type="radio"], [type="checkbox"]), select:not(:disabled), textarea:not(:disabled)';

/** Open while it is rendered. */
export function Dialog({ title, description, onClose, isWide = false, isSticky = false, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  // Not a passive effect: the dialog has to close while it is still in the page, to give the focus back to where it came from.
  useLayoutEffect(() => {
    const dialog = ref.current;
    const opener = document.activeElement;
    dialog?.showModal();
    // To what there is to fill in, rather than to the button that closes it.
    dialog?.querySelector<HTMLElement>(firstField)?.focus();
    return () => {
      dialog?.close();
      if (document.activeElement === document.body && opener instanceof HTMLElement) opener.focus();
    };
  }, []);
  const hasTyped = useRef(false);
  return (
    <dialog
      ref={ref}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        if (!isSticky) onClose();
      }}
      // A second Escape would close it all the same: browsers let a page refuse but once.
      onKeyDown={(event) => {
        if (isSticky && event.key === "Escape") event.preventDefault();
      }}
      onClose={() => {
        if (ref.current?.open !== false) return;
        if (isSticky) ref.current.showModal();
        else onClose();
      }}
      onChange={() => {
        hasTyped.current = true;
      }}
      // What was typed must not be lost to a slip.
      onMouseDown={(event) => {
        if (!isSticky && !hasTyped.current && event.target === ref.current) onClose();
      }}
      className={`m-auto max-h-[min(90dvh,60rem)] w-[calc(100vw-1.5rem)] overflow-y-auto rounded-xl border border-line bg-surface p-0 shadow-2xl backdrop:bg-black/50 ${isWide ? "max-w-3xl" : "max-w-lg"}`}
    >
      <div className="p-5">
        <div className="mb-4 flex items-start justify-between gap-3">
          <div className="min-w-0">
            <h2 id={id} dir="auto" className="text-lg font-semibold">
              {title}
            </h2>
            {description && <div className="mt-1 text-sm text-muted">{description}</div>}
          </div>
          {!isSticky && <IconButton label="Close" icon={<X size={18} aria-hidden />} onClick={onClose} className="-mt-1 -mr-1" />}
        </div>
        {children}
      </div>
    </dialog>
  );
}
